"""Column names of items and scores: short where that is clear, with the instrument where not. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from analytics.tidy.design import Design
from analytics.tidy.fixed import PERSON_WAVES

REASON = "_reason"
Key = tuple[str, str]  # instrument, item or scale

TAKEN = frozenset(column.name for column in PERSON_WAVES)


def item_names(design: Design) -> Mapping[Key, str]:
    """The column of every item of every instrument version; versions share it."""
    keys = dict.fromkeys(
        (instrument, question.code)
        for instrument in design.instruments
        for at in design.versions_of(instrument)
        for question in design.forms[at].questions
    )
    return _names(keys, TAKEN | set(version_names(design).values()))


def score_names(design: Design) -> Mapping[Key, str]:
    """The column of every scale; apart from all item columns."""
    keys = dict.fromkeys(
        (instrument, measure.code)
        for instrument in design.instruments
        for at in design.versions_of(instrument)
        for measure in design.forms[at].measures
    )
    items = set(item_names(design).values())
    taken = TAKEN | set(version_names(design).values()) | items | {n + REASON for n in items}
    return _names(keys, taken)


def version_names(design: Design) -> Mapping[str, str]:
    """The column that holds each instrument's version."""
    names: dict[str, str] = {}
    for instrument in design.instruments:
        names[instrument] = free_name(f"{plain(instrument)}_version", set(names.values()))
    return names


def plain(slug: str) -> str:
    """A code as every statistics program accepts it in a name."""
    return slug.replace("-", "_")


def _names(keys: Iterable[Key], taken: Iterable[str]) -> Mapping[Key, str]:
    listed = list(keys)
    often = Counter(code for _, code in listed)
    used, names = set(taken), {}
    for instrument, code in listed:
        short = often[code] == 1 and code not in used and code + REASON not in used
        name = free_name(code if short else f"{plain(instrument)}_{code}", used)
        names[instrument, code] = name
        used |= {name, name + REASON}
    return names


def free_name(name: str, used: set[str]) -> str:
    """The name, or with the first number behind it that is not taken, nor its reason's."""
    candidate, n = name, 2
    while candidate in used or candidate + REASON in used:
        candidate, n = f"{name}_{n}", n + 1
    return candidate
