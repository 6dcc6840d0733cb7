"""How items are drawn: what was typed, what is wrong, what stands side by side."""

from __future__ import annotations

import pytest

from surveys.portal.questions import Question, questions, saved, typed
from surveys.portal.voice import Voice
from surveys.responding.answers import Answer, Problem
from tests.questionnaires import EVERY_KIND, MORE_KINDS


def drawn(code: str, value: str = "", problem: Problem | None = None) -> Question:
    items = [EVERY_KIND.by_code[code]]
    problems = {code: problem} if problem else {}
    return questions(EVERY_KIND, items, {code: value}, problems, Voice("en"))[0]


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
    shown = saved(answers, "de")
    assert {code: shown[code] for code in answers} == {
        "hours": "7,5",
        "age": "40",
        "note": "x",
        "closeness": "",
    }


def more(code: str, values: dict[str, str], language: str = "en") -> Question:
    return questions(MORE_KINDS, [MORE_KINDS.by_code[code]], values, {}, Voice(language))[0]


def test_lists_and_coded_answers_come_back_as_they_were_given() -> None:
    stored: dict[str, Answer] = {
        "help": [1, 3], "order": [3, 1, 2], "children": -8, "name": "-8", "taken": 1,
    }  # fmt: skip
    values = saved(stored, "en")
    assert [c.value for c in more("help", values).choices if c.is_chosen] == ["1", "3"]
    assert [c.typed for c in more("order", values).choices] == ["2", "3", "1"]
    assert [c.is_chosen for c in more("children", values).choices] == [True, False]
    assert (more("children", values).value, more("name", values).value) == ("", "-8")
    assert not any(c.is_chosen for c in more("name", values).choices)
    assert more("taken", values).is_ticked


def test_what_was_typed_in_many_fields_is_found_again() -> None:
    items = [MORE_KINDS.by_code[code] for code in ("help", "name")]
    posted = {"help.1": "1", "name": "-8", "name.aside": "-9", "names.aside": "x"}
    values = typed(items, posted)
    assert values == {"help": "", "help.1": "1", "name": "-8", "name.aside": "-9"}
    assert [c.is_chosen for c in more("name", values).choices] == [False, True]
    assert more("name", values).value == "-8"


def test_asides_have_a_field_of_their_own_beside_a_field_and_none_beside_options() -> None:
    assert {choice.name for choice in more("born", {}).asides} == {"born.aside"}
    assert {choice.name for choice in more("near", {}).choices} == {"near"}
    assert {choice.name for choice in more("help", {}).choices} >= {"help.1", "help.-9"}
