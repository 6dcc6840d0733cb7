"""Whether an instrument names only what it has, scores only what can be scored, and is worded. Pure.

`definition` asks this of a whole instrument; every misfit comes with its place in the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from surveys.instruments import kinds

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument, Item
    from surveys.instruments.terms import Path, Text


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Everything that does not hang together."""
    yield from _repeated("item", "items", [item.code for item in instrument.items])
    yield from _repeated("scale", "scales", [scale.code for scale in instrument.scales])
    yield from _unknown_names(instrument)
    yield from _misused_items(instrument)
    yield from _misused_scales(instrument)
    yield from _misworded(instrument)
    yield from _untranslated(instrument)


def _unknown_names(instrument: Instrument) -> Iterator[Found]:
    items, scales = {i.code for i in instrument.items}, {s.code for s in instrument.scales}
    for i, item in enumerate(instrument.items):
        if item.options and item.options not in instrument.response_sets:
            message = f"item '{item.code}' names the unknown response set '{item.options}'"
            yield ("items", i, "options"), message
    for s, scale in enumerate(instrument.scales):
        for k, key in enumerate(scale.keys):
            if key.item not in items:
                message = f"scale '{scale.code}' keys the unknown item '{key.item}'"
                yield ("scales", s, "keys", k, "item"), message
    for e, example in enumerate(instrument.examples):
        for code in example.answers.keys() - items:
            yield ("examples", e, "answers", code), f"'{code}' is no item"
        for code in example.scores.keys() - scales:
            yield ("examples", e, "scores", code), f"'{code}' is no scale"


def _misused_items(instrument: Instrument) -> Iterator[Found]:
    """Only numbers can be scored, and what has no range cannot be reversed."""
    items = {item.code: item for item in instrument.items}
    for s, scale in enumerate(instrument.scales):
        for k, key in enumerate(scale.keys):
            item, loc = items.get(key.item), ("scales", s, "keys", k)
            if item is None or (item.options and item.options not in instrument.response_sets):
                continue
            if item.kind not in kinds.SCORABLE:
                yield loc, f"'{item.code}' is a {item.kind} and cannot be scored"
            elif key.sign == -1 and instrument.range_of(item) is None:
                yield loc, f"'{item.code}' needs 'min' and 'max' to be reversed"


def _misused_scales(instrument: Instrument) -> Iterator[Found]:
    """Scores are made from scales that have a key, and only what has a range is reversed."""
    keyed = {scale.code: scale for scale in instrument.scales if scale.keys}
    ranged = {item.code for item in instrument.items if _has_range(instrument, item)}
    for s, scale in enumerate(instrument.scales):
        for p, part in enumerate(scale.parts):
            loc = ("scales", s, "parts", p, "scale")
            if part.scale not in keyed:
                yield loc, f"'{part.scale}' is no scale with a key"
            elif part.enters == "reversed":
                loose = [k.item for k in keyed[part.scale].keys if k.item not in ranged]
                yield from ((loc, f"'{i}' needs a range for this to be reversed") for i in loose)


def _has_range(instrument: Instrument, item: Item) -> bool:
    is_known = item.options is None or item.options in instrument.response_sets
    return is_known and instrument.range_of(item) is not None


def _misworded(instrument: Instrument) -> Iterator[Found]:
    """A key has no wording at all; every other instrument has all of it."""
    for loc, text in _wording(instrument):
        if instrument.wording == "none" and text:
            yield loc, "is wording, and 'wording: none' says that there is none"
        elif instrument.wording == "complete" and not text:
            yield loc[:-1], f"'{loc[-1]}' is missing"


def _untranslated(instrument: Instrument) -> Iterator[Found]:
    # Titles of published keys are for researchers; participants read what _wording yields.
    own = () if instrument.origin else _descriptions(instrument)
    for loc, text in (*_wording(instrument), *own, (("instructions",), instrument.instructions)):
        missing = [language for language in instrument.languages if text and language not in text]
        yield from ((loc, f"lacks the language '{language}'") for language in missing)


def _wording(instrument: Instrument) -> Iterator[tuple[Path, Text]]:
    for i, item in enumerate(instrument.items):
        yield ("items", i, "text"), item.text
        if item.ends:
            yield ("items", i, "ends", "low"), item.ends.low
            yield ("items", i, "ends", "high"), item.ends.high
    for n, section in enumerate(instrument.sections):
        if section.title is not None:
            yield ("sections", n, "title"), section.title
        if section.instructions is not None:
            yield ("sections", n, "instructions"), section.instructions
    for name, options in instrument.response_sets.items():
        for o, option in enumerate(options):
            yield ("response_sets", name, o, "label"), option.label


def _descriptions(instrument: Instrument) -> Iterator[tuple[Path, Text | None]]:
    yield ("title",), instrument.title
    for i, item in enumerate(instrument.items):
        yield ("items", i, "unit"), item.unit
    for s, scale in enumerate(instrument.scales):
        yield ("scales", s, "title"), scale.title
        yield ("scales", s, "high"), scale.high


def _repeated(kind: str, where: str, codes: Sequence[str]) -> Iterator[Found]:
    for at, code in enumerate(codes):
        if code in codes[:at]:
            yield (where, at, "code"), f"{kind} '{code}' stands twice"
