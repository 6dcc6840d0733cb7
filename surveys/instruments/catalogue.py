"""The published keys as a page of the docs: what each scores, and how sure its key is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from surveys.instruments.definition import Instrument, Scale
from surveys.instruments.keys import FACT_WORDS, STATUS_WORDS, STATUSES

_HEAD = """# Published instruments

Generated from `surveys/instruments/library/published/`. Each is a key: codes, scales, signs, rules.
None has wording, and none can be put into a published study before it has; see
[add wording](../how-to/add-wording.md). `manage.py instrument check` recomputes all worked examples.

Instruments under one name with different keys are different instruments, and no import guesses
between them: compare the item order of your sheet with `order` before you add wording.

"""


def reference_page(keys: Mapping[str, Instrument]) -> str:
    """The page, in the order of the codes."""
    return "".join([_HEAD, *_statuses(), *_overview(keys), *map(_section, keys.values())])


def _statuses() -> Iterator[str]:
    yield "| status | means |\n|---|---|\n"
    yield from (f"| {status} | {STATUS_WORDS[status]} |\n" for status in STATUSES)
    yield "\nThe status of a key is the less sure of its items and its signs.\n\n"


def _overview(keys: Mapping[str, Instrument]) -> Iterator[str]:
    yield "| instrument | key of | items | scores | order | status |\n|---|---|---|---|---|---|\n"
    for one in keys.values():
        if one.origin:
            yield (
                f"| [`{one.ref}`](#{one.instrument}) | {one.origin.name} | {len(one.items)} "
                f"| {len(one.scales)} | `{one.origin.order}` | {one.origin.status} |\n"
            )


def _section(one: Instrument) -> str:
    origin = one.origin
    lines = [f"\n## {one.instrument}\n\n{one.title['en']}. {one.citation}\n"]
    if one.notes:
        lines.append(f"\n{one.notes}\n")
    if origin:
        lines.append(f"\nOrder `{origin.order}`: {origin.order_says}.\n")
    lines.append("\n| score | rule | key |\n|---|---|---|\n")
    lines += (_score(scale) for scale in one.scales)
    cutoffs = [(scale, cutoff) for scale in one.scales for cutoff in scale.cutoffs]
    if cutoffs:
        lines.append("\n| cut-off | reads | known |\n|---|---|---|\n")
    lines += (
        f"| `{scale.code}` {c.at:g} {c.side} | {c.says} | {c.status}: {c.source} |\n"
        for scale, c in cutoffs
    )
    if origin:
        lines.append("\n| known | how | source |\n|---|---|---|\n")
        lines += (f"| {FACT_WORDS[f.of]} | {f.status} | {f.source} |\n" for f in origin.facts)
    lines.append(f"\nLicence: {one.licence.name}. {one.licence.statement}\n")
    return "".join(lines)


def _score(scale: Scale) -> str:
    times = f", times {scale.rule.times:g}" if scale.rule.times != 1 else ""
    noted = "" if scale.reported else "; not to be read on its own"
    rule = f"{scale.rule.method}, from {scale.rule.min_answered} on{times}{noted}"
    if scale.parts:
        shown = (p.scale + ("" if p.enters == "as is" else f" ({p.enters})") for p in scale.parts)
        return f"| `{scale.code}` | {rule} | of scores: {', '.join(shown)} |\n"
    keys = ", ".join(
        ("-" if key.sign == -1 else "")
        + key.item.rpartition("_")[2]
        + ("" if key.scored else " (not scored)")
        for key in scale.keys
    )
    return f"| `{scale.code}` | {rule} | {keys} |\n"
