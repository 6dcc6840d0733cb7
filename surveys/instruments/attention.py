"""Attention items: answered right by whoever reads them, such as "choose 'agree' here". Pure.

An item is one when it says which answers it expects (`expect`). It is never scored; the dataset says
whether it was passed, and nobody is left out for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from surveys.instruments.logic import measured

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument, Item


def outcomes(instrument: Instrument, answers: Mapping[str, object]) -> dict[str, bool]:
    """Whether each attention item that was answered was passed, by its code.

    A coded answer that is no measurement, such as "prefer not to say", is no answer.
    """
    found: dict[str, bool] = {}
    for item in instrument.items:
        if (
            item.expect
            and (value := measured(instrument, item, answers.get(item.code))) is not None
        ):
            found[item.code] = value in item.expect
    return found


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Expectations that nobody can meet or everybody does, and attention items that are scored."""
    expecting = {item.code for item in instrument.items if item.expect}
    for at, item in enumerate(instrument.items):
        yield from (
            (("items", at, "expect", *where), what) for where, what in _one(instrument, item)
        )
    for s, scale in enumerate(instrument.scales):
        for k, key in enumerate(scale.keys):
            if key.item in expecting:
                message = f"'{key.item}' is an attention item and is never scored"
                yield ("scales", s, "keys", k), message


def _one(instrument: Instrument, item: Item) -> Iterator[Found]:
    options = instrument.response_sets.get(item.options or "", ())
    codes = {option.code for option in options if not option.missing}
    low = float("-inf") if item.min is None else item.min
    high = float("inf") if item.max is None else item.max
    for n, value in enumerate(item.expect or ()):
        if codes and value not in codes:
            listed = ", ".join(map(str, sorted(codes)))
            yield (n,), f"{value:g} is no answer that '{item.code}' measures; it has {listed}"
        elif not low <= value <= high:
            yield (n,), f"{value:g} lies outside of 'min' and 'max' of '{item.code}'"
    if codes and codes <= set(item.expect or ()):
        yield (), "every answer passes; name those alone that show that the item was read"
