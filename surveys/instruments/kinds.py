"""The kinds of items: what each may say in a definition, and in which form its answer is kept. Pure.

`definition` checks items by this; the reader, the pages and the export ask it what an answer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from surveys.instruments.definition import Item

Kind: TypeAlias = Literal[
    "single", "multiple", "number", "slider", "text", "date", "time", "ranking",
    "information", "consent",
]  # fmt: skip
Missing: TypeAlias = Literal["not_applicable", "declined"]

CHOICES = frozenset({"single", "multiple", "ranking"})  # need `options`
NUMBERS = frozenset({"number", "slider"})
SCORABLE = frozenset({"single", "consent"}) | NUMBERS
WORDS = frozenset({"text", "date", "time"})  # kept as strings; dates YYYY-MM-DD, times HH:MM
LISTS = frozenset({"multiple", "ranking"})  # kept as lists of codes: sorted, or best first
UNASKED = frozenset({"information"})  # shown, never answered
TICKED = 1  # what a ticked consent is kept as

_ANSWERED_BY_FIELD = frozenset({"single"}) | NUMBERS | WORDS
_BELONGS: Mapping[str, frozenset[str]] = {
    "options": CHOICES,
    "asides": _ANSWERED_BY_FIELD,
    "min": NUMBERS,
    "max": NUMBERS,
    "unit": NUMBERS,
    "ends": frozenset({"slider"}),
    "earliest": frozenset({"date"}),
    "latest": frozenset({"date"}),
    "least": frozenset({"multiple"}),
    "most": frozenset({"multiple"}),
    "expect": frozenset({"single"}) | NUMBERS,
}


def misfits(item: Item) -> Iterator[str]:
    """What an item says that its kind has no use for, and what it lacks."""
    for field, kinds in _BELONGS.items():
        if getattr(item, field) is not None and item.kind not in kinds:
            listed = ", ".join(f"'{kind}'" for kind in sorted(kinds))
            yield f"'{field}' belongs to items of kind {listed}, and only to them"
    if item.kind in CHOICES and item.options is None:
        yield f"an item of kind '{item.kind}' needs 'options'"
    if item.kind == "slider" and (item.min is None or item.max is None):
        yield "an item of kind 'slider' needs 'min' and 'max'"
    if item.min is not None and item.max is not None and item.min >= item.max:
        yield "'min' must be below 'max'"
    if item.earliest is not None and item.latest is not None and item.earliest > item.latest:
        yield "'earliest' must not be after 'latest'"
    if item.least is not None and item.most is not None and item.least > item.most:
        yield "'least' must not be more than 'most'"


def column(item: str, option: int) -> str:
    """The name of the column that one option of a list has in the dataset: `symptoms_3`."""
    return f"{item}_{option}" if option >= 0 else f"{item}_m{-option}"
