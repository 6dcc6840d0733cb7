"""Conditions of items: what is hidden, what cannot be decided, and where pages end."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.instruments import logic
from surveys.instruments.definition import Instrument
from surveys.lib.expressions import Fact
from tests.unit.instruments.building import document

SCORE = Fact("baseline", "scores", "mood", "worry")


def branched(**conditions: str) -> Instrument:
    """q1 to q6, some with conditions."""
    made: dict[str, Any] = document(6)
    for item in made["items"]:
        if item["code"] in conditions:
            item["show_if"] = conditions[item["code"]]
    return Instrument.model_validate(made)


CHAIN = branched(q2="answers.q1 == 5", q3="answers.q2 >= 2", q4="!has(answers.q2)")


@pytest.mark.parametrize(
    ("answers", "gone"),
    [
        ({}, set()),  # nothing is decided yet
        ({"q1": 4}, {"q2", "q3"}),
        ({"q1": None}, {"q2", "q3"}),
        ({"q1": 99}, {"q2", "q3"}),  # "rather not" is no answer
        ({"q1": 5}, set()),
        ({"q1": 5, "q2": 1}, {"q3", "q4"}),
        ({"q1": 5, "q2": 2}, {"q4"}),
        ({"q1": 4, "q2": 2}, {"q2", "q3"}),  # the answer to a hidden item asks for nothing
    ],
)
def test_what_is_hidden_follows_from_the_answers(answers: dict[str, Any], gone: set[str]) -> None:
    assert logic.hidden(CHAIN, answers, {}) == gone


def test_facts_from_elsewhere_are_missing_when_nobody_knows_them() -> None:
    elsewhere = branched(q1='baseline.scores["mood"].worry > 2 || baseline.completed')
    assert logic.needs(elsewhere) == {SCORE, Fact("baseline", "completed")}
    assert logic.hidden(elsewhere, {}, {}) == {"q1"}
    assert logic.hidden(elsewhere, {}, {SCORE: 3.0}) == frozenset()


def test_what_a_form_leaves_out_is_missing_too() -> None:
    assert logic.hidden(CHAIN.without({"q1"}), {}, {}) == {"q2", "q3"}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("answers.q9 == 1", "there is no item 'q9'; earlier are q1, q2"),
        ("answers.q3 == 1", "'q3' comes later than 'q3'"),
        ("answers.q5 == 1", "'q5' comes later than 'q3'"),
        ("answers.q1 == ", "is no CEL expression"),
        ("answers.q1", "is no condition: it gives"),
        ("answers.q1 > 'a'", "cannot be evaluated"),
        ("answers.q1 + 1 > 2", "cannot be evaluated"),
        ("q1 == 1", "'q1' is not known; write 'answers.<item>'"),
        ("answers == 1", "'answers' is not known"),
    ],
)
def test_a_condition_that_cannot_be_decided_is_refused_with_its_place(
    condition: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        branched(q3=condition)
    (error,) = refused.value.errors()
    ((where, what),) = error["ctx"]["error"].found
    assert where == ("items", 2, "show_if")
    assert message in what


SECTIONS = [
    {"items": ["q1", "q2"]},
    {"items": ["q3", "q4"], "show_if": "answers.q1 == 5"},
    {"items": ["q5", "q6"]},
]


def sectioned(*, of_section: str = "answers.q1 == 5", **more: Any) -> Instrument:
    """q1 to q6 in three sections, the second of them with a condition."""
    made = document(6) | {"sections": deepcopy(SECTIONS)} | more
    made["sections"][1]["show_if"] = of_section
    return Instrument.model_validate(made)


@pytest.mark.parametrize(
    ("answers", "gone"),
    [
        ({}, set()),
        ({"q1": 5}, set()),
        ({"q1": 4}, {"q3", "q4"}),
        ({"q1": 5, "q3": 1}, {"q4"}),  # its own condition is to be met too
    ],
)
def test_a_section_is_asked_under_its_condition_and_its_items_under_both(
    answers: dict[str, Any], gone: set[str]
) -> None:
    made = document(6) | {"sections": SECTIONS}
    made["items"][3]["show_if"] = "answers.q3 > 1"
    assert logic.hidden(Instrument.model_validate(made), answers, {}) == gone


def test_a_section_asks_for_facts_from_elsewhere() -> None:
    made = sectioned(of_section='baseline.scores["mood"].worry > 2')
    assert logic.needs(made) == {SCORE}
    assert logic.is_branched(made)
    assert logic.hidden(made, {}, {}) == {"q3", "q4"}


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("answers.q3 == 1", "'q3' comes later than 'q3'"),
        ("answers.q4 == 1", "'q4' comes later than 'q3'"),
        ("answers.q9 == 1", "there is no item 'q9'; earlier are q1, q2"),
        ("answers.q1 >", "is no CEL expression"),
    ],
)
def test_a_section_that_cannot_be_decided_is_refused_with_its_place(
    condition: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        sectioned(of_section=condition)
    (error,) = refused.value.errors()
    ((where, what),) = error["ctx"]["error"].found
    assert where == ("sections", 1, "show_if")
    assert message in what


@pytest.mark.parametrize(
    ("conditions", "shuffle", "late"),
    [
        ({"q6": "answers.q1 == 1"}, {"items": True}, None),  # in an earlier section for certain
        ({"q2": "answers.q1 == 1"}, {"items": True}, "'q1' can come later than 'q2'"),
        ({"q2": "answers.q1 == 1"}, {"sections": True}, None),  # the section keeps its own order
        ({"q6": "answers.q1 == 1"}, {"sections": True}, "'q1' can come later than 'q6'"),
        ({}, {"sections": True}, "'q1' can come later than 'q3'"),  # the section's own condition
        ({"q2": "answers.q1 == 1"}, {"options": ["set"]}, None),
    ],
)
def test_a_condition_asks_only_for_what_comes_before_in_every_order(
    conditions: dict[str, str], shuffle: dict[str, Any], late: str | None
) -> None:
    made = document(6) | {"sections": deepcopy(SECTIONS), "shuffle": shuffle}
    if conditions:
        del made["sections"][1]["show_if"]
    for item in made["items"]:
        if item["code"] in conditions:
            item["show_if"] = conditions[item["code"]]
    if late is None:
        Instrument.model_validate(made)
        return
    with pytest.raises(ValidationError) as refused:
        Instrument.model_validate(made)
    (error,) = refused.value.errors()
    ((where, what),) = error["ctx"]["error"].found
    assert where[-1] == "show_if"
    assert late in what


def test_a_page_ends_before_an_item_that_hangs_on_it() -> None:
    pages = [[item.code for item in page] for page in CHAIN.pages]
    assert pages == [["q1"], ["q2"], ["q3", "q4", "q5", "q6"]]


@given(
    st.dictionaries(st.sampled_from([f"q{n}" for n in range(1, 7)]), st.integers(1, 5) | st.none())
)
def test_hiding_is_settled_at_once(answers: dict[str, Any]) -> None:
    """The answers that stay hide the same items: deciding twice is deciding once."""
    gone = logic.hidden(CHAIN, answers, {})
    kept = {code: value for code, value in answers.items() if code not in gone}
    assert logic.hidden(CHAIN, kept, {}) == gone
