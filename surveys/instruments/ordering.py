"""Orders drawn by lot: sections, items and options that change places from person to person. Pure.

An order follows from a seed and from the codes of what it arranges, never from positions or
versions: a new version keeps the order of what it keeps. Nothing is stored to draw it again; what
was shown is kept in the paradata all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from surveys.instruments.terms import Code, Document
from surveys.lib.draws import draw

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument, Item, Option, Section

T = TypeVar("T")
Lot: TypeAlias = Callable[..., float]  # what a draw gives for the parts of its name


class Shuffle(Document):
    """What is shown in an order drawn by lot; whatever is `pinned` keeps its place.

    `sections` change places among each other, `items` within their section (without sections, in
    the whole instrument), `options` within the response sets that are named here.
    """

    sections: bool = False
    items: bool = False
    options: tuple[Code, ...] = ()
    once_per: Literal["person", "occasion"] = "person"  # "occasion": a new order each time


def drawn(instrument: Instrument, person: str, occasion: str) -> Instrument:
    """The instrument as one person sees it at one occasion; both are parts of the seed."""
    if not is_shuffled(instrument):
        return instrument
    shuffle = instrument.shuffle
    anew = [occasion] if shuffle.once_per == "occasion" else []
    lot = partial(draw, person, *anew, "order", instrument.instrument)
    blocks = [(section, list(items)) for section, items in _blocks(instrument)]
    if shuffle.sections:
        blocks = _drawn(
            blocks,
            lambda block: block[0] is None or block[0].pinned,
            # By its first item in the document, which a form may leave out.
            lambda block: lot("sections", block[0] and block[0].items[0]),
        )
    items = [
        item for section, block in blocks for item in _of_block(instrument, section, block, lot)
    ]
    sets = {
        name: _options(instrument.response_sets[name], partial(lot, "options", name))
        for name in shuffle.options
    }
    return instrument.arranged(items, sets)


def is_shuffled(instrument: Instrument) -> bool:
    """Whether anything of it changes places."""
    shuffle = instrument.shuffle
    return (
        shuffle.sections
        or shuffle.items
        or bool(shuffle.options)
        or any(section.shuffle for section in instrument.sections)
    )


def options_shown(instrument: Instrument, items: Collection[Item]) -> dict[str, list[int]]:
    """The codes of each shuffled response set that these items use, in the order shown."""
    used = {item.options for item in items}
    return {
        name: [option.code for option in instrument.response_sets[name]]
        for name in instrument.shuffle.options
        if name in used
    }


def is_always_before(instrument: Instrument, first: str, then: str) -> bool:
    """Whether one item comes before another in every order that can be drawn."""
    blocks = [(section, list(items)) for section, items in _blocks(instrument)]
    at = {item.code: b for b, (_, items) in enumerate(blocks) for item in items}
    if at[first] != at[then]:
        moves = instrument.shuffle.sections
        fixed = [not moves or section is None or section.pinned for section, _ in blocks]
        return _latest(at[first], fixed) < _earliest(at[then], fixed)
    section, items = blocks[at[first]]
    fixed = [not _moves_items(instrument, section) or item.pinned for item in items]
    codes = [item.code for item in items]
    return _latest(codes.index(first), fixed) < _earliest(codes.index(then), fixed)


def misfits(instrument: Instrument) -> Iterator[Found]:
    """What is to change places and is not there."""
    if instrument.shuffle.sections and not instrument.sections:
        yield (
            ("shuffle", "sections"),
            "there are no sections; 'items' shuffles the whole instrument",
        )
    for at, name in enumerate(instrument.shuffle.options):
        if name not in instrument.response_sets:
            known = ", ".join(instrument.response_sets) or "none"
            yield ("shuffle", "options", at), f"'{name}' is no response set; there are {known}"


def in_words(instrument: Instrument) -> tuple[str, ...]:
    """What changes places, for researchers; nothing where all stays."""
    shuffle = instrument.shuffle
    each = "each person, who keeps it" if shuffle.once_per == "person" else "each occasion"
    moving = [s for s in instrument.sections if _moves_items(instrument, s)]
    told = []
    if shuffle.sections:
        told.append("sections among each other")
    if moving or (shuffle.items and not instrument.sections):
        is_part = 0 < len(moving) < len(instrument.sections)
        named = ", ".join(s.items[0] for s in moving)
        where = " within their section" if moving else ""
        told.append(f"items{where}" + (f" in the sections that begin with {named}" * is_part))
    if shuffle.options:
        told.append(f"options of {', '.join(shuffle.options)}")
    return tuple(f"{what}: in an order drawn for {each}" for what in told)


def _blocks(instrument: Instrument) -> Iterator[tuple[Section | None, Iterator[Item]]]:
    """The items section by section; all of them at once without sections."""
    return groupby(instrument.items, instrument.section_of)


def _moves_items(instrument: Instrument, section: Section | None) -> bool:
    own = section.shuffle if section else None
    return instrument.shuffle.items if own is None else own


def _of_block(
    instrument: Instrument, section: Section | None, items: Sequence[Item], lot: Lot
) -> Sequence[Item]:
    if not _moves_items(instrument, section):
        return items
    return _drawn(items, lambda item: item.pinned, lambda item: lot("items", item.code))


def _options(options: Sequence[Option], lot: Lot) -> tuple[Option, ...]:
    """What is no measurement, or excludes all others, stays where people look for it."""
    return tuple(
        _drawn(
            options,
            lambda option: option.pinned or option.exclusive or bool(option.missing),
            lambda option: lot(option.code),
        )
    )


def _drawn(
    entries: Sequence[T], is_pinned: Callable[[T], bool], lot: Callable[[T], float]
) -> list[T]:
    """The entries in the order of their lots, the pinned ones at the places that they have."""
    loose = iter(sorted((entry for entry in entries if not is_pinned(entry)), key=lot))
    return [entry if is_pinned(entry) else next(loose) for entry in entries]


def _earliest(at: int, fixed: Sequence[bool]) -> int:
    return at if fixed[at] else fixed.index(False)


def _latest(at: int, fixed: Sequence[bool]) -> int:
    return at if fixed[at] else max(i for i, stays in enumerate(fixed) if not stays)
