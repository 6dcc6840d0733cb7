"""Calculated values: what they give, what they lack, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.instruments import calculating, logic
from surveys.instruments.calculating import Outcome, outcome, value
from surveys.instruments.definition import Instrument
from surveys.lib.expressions import facts_in, own
from tests.unit.instruments.building import document, scale

A, B = own("q1"), own("q2")


def with_values(show_if: str = "", **formulas: str) -> Instrument:
    """q1 to q4, values by their formulas, and a condition of q4."""
    made: dict[str, Any] = document(4, scales=[scale("mood", {"q1": 1})])
    made["values"] = [
        {"code": code, "title": {"en": code}, "formula": formula}
        for code, formula in formulas.items()
    ]
    if show_if:
        made["items"][3]["show_if"] = show_if
    return Instrument.model_validate(made)


@pytest.mark.parametrize(
    ("formula", "known", "expected"),
    [
        ("answers.q1 - answers.q2", {A: 5.0, B: 3.0}, Outcome(2.0)),
        ("answers.q1 > answers.q2", {A: 5.0, B: 3.0}, Outcome(1.0)),
        ("answers.q1 - answers.q2", {A: 5.0, B: None}, Outcome(lacks=(B,))),
        ("answers.q1 - answers.q2", {}, Outcome(lacks=(A, B))),
        ("has(answers.q2) ? answers.q2 : answers.q1", {A: 5.0}, Outcome(5.0)),
        ("answers.q1 / answers.q2", {A: 5.0, B: 0.0}, Outcome(error="gives inf")),
        ("answers.q1 / answers.q2", {A: 0.0, B: 0.0}, Outcome(error="gives nan")),
        ("1 / int(answers.q1)", {A: 0.0}, Outcome(error="division by zero in CEL expression")),
        ("answers.q1 * 1e308", {A: 10.0}, Outcome(error="gives inf")),
        ("'much'", {}, Outcome(error="gives 'much', which is no number")),
    ],
)
def test_a_formula_gives_a_number_or_says_why_not(
    formula: str, known: dict[Any, Any], expected: Outcome
) -> None:
    assert outcome(formula, known) == expected


def test_an_overflow_is_no_crash() -> None:
    assert "overflow" in outcome("int(answers.q1) * 9223372036854775807", {A: 5.0}).error


def test_what_a_value_of_values_lacks_is_traced_to_the_answer() -> None:
    one = with_values(gap="answers.q1 - answers.q2", twice="values.gap * 2.0")
    assert calculating.outcomes(one, {A: 5.0, B: 3.0})[value("twice")] == Outcome(4.0)
    assert calculating.outcomes(one, {A: 5.0, B: None})[value("twice")].lacks == (B,)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("answers.q9 * 2.0", "there is no item 'q9'"),
        ("values.later * 2.0", "there is no earlier value 'later'"),
        ("answers.q1 + 1", "gives nobody a number: "),
        ("'much'", "which is no number"),
        ("q1 * 2.0", "'q1' is not known; write 'answers.<item>'"),
        ("answers.q1 *", "is no CEL expression"),
        ("[1, 2].all(a, a > 0) ? 1.0 : 0.0", "'all()' goes through a list"),
        ("[1].map // so\n (a, a)[0] == 1 ? 1.0 : 0.0", "'map()' goes through a list"),
    ],
)
def test_a_formula_that_gives_nobody_a_number_is_refused(formula: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        with_values(made=formula)
    (error,) = refused.value.errors()
    ((where, what),) = error["ctx"]["error"].found
    assert where == ("values", 0, "formula")
    assert message in what


def test_a_formula_over_many_answers_is_tried_with_all_of_them() -> None:
    made = document(40)
    total = " + ".join(f"answers.q{n}" for n in range(1, 41))
    made["values"] = [{"code": "total", "title": {"en": "Total"}, "formula": total}]
    assert Instrument.model_validate(made).values[0].formula == total


def test_an_item_called_completed_is_an_answer() -> None:
    assert facts_in("answers.completed > 1.0") == (own("completed"),)
    assert outcome("answers.completed * 2.0", {own("completed"): 2.0}) == Outcome(4.0)


@pytest.mark.parametrize("taken", ["q1", "mood"])
def test_a_value_needs_a_column_of_its_own(taken: str) -> None:
    with pytest.raises(ValidationError, match="is an item, a scale or a value already"):
        with_values(**{taken: "answers.q1 * 2.0"})


@pytest.mark.parametrize(
    ("answers", "gone"),
    [
        ({}, set()),
        ({"q1": 5}, set()),  # the other answer is still open
        ({"q1": 5, "q2": 1}, set()),
        ({"q1": 3, "q2": 1}, {"q4"}),
        ({"q1": 5, "q2": None}, {"q4"}),
    ],
)
def test_a_condition_may_ask_for_a_value(answers: dict[str, Any], gone: set[str]) -> None:
    one = with_values("values.gap > 3.0", gap="answers.q1 - answers.q2")
    assert logic.hidden(one, answers, {}) == gone
    assert [[item.code for item in page] for page in one.pages] == [
        ["q1", "q2", "q3", "q4"][:3],
        ["q4"],
    ]


def test_a_condition_cannot_ask_for_a_value_of_later_answers() -> None:
    with pytest.raises(ValidationError, match="'q4' comes later than 'q4'"):
        with_values("values.gap > 3.0", gap="answers.q1 - answers.q4")


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_values_equal_a_plain_computation(a: float, b: float) -> None:
    made = outcome("answers.q1 * answers.q2 - answers.q1", {A: a, B: b})
    plain = a * b - a
    assert made.value == plain if abs(plain) < float("inf") else made.error
