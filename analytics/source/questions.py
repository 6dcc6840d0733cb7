"""The items of an instrument as columns: most have one, lists have one for each option."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.tidy.design import Option, Question, Text
from surveys.instruments.definition import Instrument, Item
from surveys.instruments.definition import Option as Coded
from surveys.instruments.kinds import LISTS, TICKED, UNASKED, column

CHOSEN = (
    Option(0, {"en": "not chosen", "de": "nicht ausgewählt"}),
    Option(1, {"en": "chosen", "de": "ausgewählt"}),
)
GIVEN = Option(TICKED, {"en": "ticked", "de": "angekreuzt"})


def questions_of(instrument: Instrument) -> tuple[Question, ...]:
    """Every column of the instrument, in the order of its items."""
    return tuple(q for item in instrument.items for q in _questions(instrument, item))


def _questions(instrument: Instrument, item: Item) -> Iterator[Question]:
    if item.kind in UNASKED:
        return
    coded = instrument.options_of(item)
    options = tuple(map(_option, coded))
    if item.kind not in LISTS:
        low, high = instrument.range_of(item) or (item.min, item.max)
        given = (GIVEN,) if item.kind == "consent" else options
        yield Question(
            item.code,
            item.kind,
            item.text,
            given,
            low,
            high,
            item.unit,
            expect=tuple(map(float, item.expect or ())),
            target=item.target or "",
        )
        return
    missing = tuple(option for option in options if option.is_missing)
    is_rank = item.kind == "ranking"
    for option in options:
        if not option.is_missing:
            yield Question(
                column(item.code, option.code),
                item.kind,
                _both(item.text, option.label),
                () if is_rank else (*CHOSEN, *missing),
                low=1 if is_rank else 0,
                high=len(options) if is_rank else 1,
                item=item.code,
                option=option.code,
                target=item.target or "",
            )


def _option(option: Coded) -> Option:
    why = option.missing if isinstance(option.missing, str) else ""
    return Option(option.code, option.label, bool(option.missing), why)


def _both(text: Text, label: Text) -> Text:
    return {code: f"{words}: {label.get(code, '')}" for code, words in text.items()}
