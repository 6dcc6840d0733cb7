"""Attention items: which answers pass, and what keeps them out of scores."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from surveys.instruments import attention
from surveys.instruments.definition import Instrument
from surveys.lib.documents import Misfit
from tests.unit.instruments.building import document, scale


def attentive(**changes: Any) -> dict[str, Any]:
    """q1, q2 plain; q3 expects 5, or what `changes` say; q4 a number that expects 10."""
    made = document(4, scales=[scale("s", {"q1": 1, "q2": 1})])
    made["items"][2] |= {"expect": [5]} | changes
    number = {"code": "q4", "kind": "number", "min": 0, "max": 20, "expect": [10]}
    made["items"][3] = number | {"text": {"en": "Type ten"}}
    return made


def misfits(made: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(made)
    cause = caught.value.errors()[0]["ctx"]["error"]
    assert isinstance(cause, Misfit)
    return [(".".join(map(str, where)), what) for where, what in cause.found]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"q1": 5, "q2": 5}, {}),
        ({"q3": 5, "q4": 10}, {"q3": True, "q4": True}),
        ({"q3": 4, "q4": 11}, {"q3": False, "q4": False}),
        ({"q3": 99}, {}),  # "rather not" is no answer
        ({"q3": None, "q4": 10.0}, {"q4": True}),
    ],
)
def test_an_answer_passes_when_it_is_one_of_those_expected(
    answers: dict[str, Any], expected: dict[str, bool]
) -> None:
    assert attention.outcomes(Instrument.model_validate(attentive()), answers) == expected


@pytest.mark.parametrize(
    ("expect", "where", "message"),
    [
        ([5, 6], "items.2.expect.1", "6 is no answer that 'q3' measures; it has 1, 2, 3, 4, 5"),
        ([99], "items.2.expect.0", "99 is no answer that 'q3' measures"),
        ([1, 2, 3, 4, 5], "items.2.expect", "every answer passes"),
    ],
)
def test_what_nobody_can_answer_or_everybody_passes_is_refused(
    expect: list[int], where: str, message: str
) -> None:
    ((place, what),) = misfits(attentive(expect=expect))
    assert place == where
    assert message in what


def test_a_number_expects_what_lies_in_its_range() -> None:
    made = attentive()
    made["items"][3]["expect"] = [21]
    assert misfits(made) == [("items.3.expect.0", "21 lies outside of 'min' and 'max' of 'q4'")]


def test_an_attention_item_is_never_scored() -> None:
    made = attentive()
    made["scales"][0]["keys"].append({"item": "q3", "scored": False})
    assert misfits(made) == [("scales.0.keys.2", "'q3' is an attention item and is never scored")]


@pytest.mark.parametrize("kind", ["text", "date", "information", "consent"])
def test_other_kinds_expect_nothing(kind: str) -> None:
    made = document(1)
    made["items"][0] = {"code": "q1", "kind": kind, "text": {"en": "x"}, "expect": [1]}
    with pytest.raises(
        ValidationError, match="'expect' belongs to items of kind 'number', 'single'"
    ):
        Instrument.model_validate(made)
