"""How items are drawn: what was typed, what is wrong, what stands side by side."""

from __future__ import annotations

import pytest

from surveys.portal.questions import Question, questions, saved, typed
from surveys.responding.answers import Answer, Problem
from tests.questionnaires import EVERY_KIND


def drawn(code: str, value: str = "", problem: Problem | None = None) -> Question:
    items = [EVERY_KIND.by_code[code]]
    problems = {code: problem} if problem else {}
    return questions(EVERY_KIND, items, {code: value}, problems, "en")[0]


def test_a_scale_stands_in_a_row_and_declining_stands_apart() -> None:
    question = drawn("closeness", "-9")
    assert question.is_row
    assert [choice.value for choice in question.scale] == ["1", "2", "3", "4", "5", "6", "7"]
    assert [(choice.label, choice.is_chosen) for choice in question.asides] == [
        ("Prefer not to say", True)
    ]


def test_nothing_is_chosen_beforehand() -> None:
    assert not any(choice.is_chosen for choice in drawn("closeness").choices)


def test_a_number_says_its_range_and_unit() -> None:
    question = drawn("age")
    assert (question.hint, question.unit) == ("18 to 120", "years")
    assert (question.low, question.high) == (18, 120)
    assert drawn("change").hint == ""


@pytest.mark.parametrize("problem", list(Problem))
def test_every_problem_has_a_sentence(problem: Problem) -> None:
    sentence = drawn("age", "x", problem).problem
    assert sentence.endswith(".")
    assert "%(" not in sentence


def test_a_link_to_a_question_leads_to_its_first_field() -> None:
    assert drawn("closeness").first_field == "closeness-1"
    assert drawn("age").first_field == "age-field"


def test_what_was_typed_is_found_under_the_field_of_the_item() -> None:
    assert typed([EVERY_KIND.by_code["action"]], {"action": "next", "action-": "1"}) == {
        "action": "1"
    }


def test_stored_answers_come_back_as_people_of_that_language_type_them() -> None:
    answers: dict[str, Answer] = {"hours": 7.5, "age": 40, "note": "x", "closeness": None}
    assert saved(answers, "de") == {"hours": "7,5", "age": "40", "note": "x", "closeness": ""}
