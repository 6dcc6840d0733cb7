"""Conditions: three-valued, decided as early as what is known allows, and never unsafe."""

from __future__ import annotations

import pytest

from surveys.design.conditions import BadCondition, evaluate, names_in, problems


@pytest.mark.parametrize(
    ("expression", "baseline", "m3", "value"),
    [
        ("baseline.completed", True, None, True),
        ("baseline.completed", False, None, False),
        ("baseline.completed", None, True, None),
        ("!baseline.completed", False, None, True),
        ("!baseline.completed", None, None, None),
        ("baseline.completed && m3.completed", True, True, True),
        ("baseline.completed && m3.completed", True, None, None),
        ("baseline.completed && m3.completed", False, None, False),
        ("baseline.completed && m3.completed", None, False, False),
        ("baseline.completed || m3.completed", True, None, True),
        ("baseline.completed || m3.completed", None, True, True),
        ("baseline.completed || m3.completed", False, None, None),
        ("baseline.completed == true", None, None, None),
        ("baseline.completed ? m3.completed : false", False, None, False),
    ],
)
def test_a_condition_is_open_until_what_is_known_decides(
    expression: str, baseline: bool | None, m3: bool | None, value: bool | None
) -> None:
    facts = {"baseline": {"completed": baseline}, "m3": {"completed": m3}}
    assert evaluate(expression, facts) is value


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("baseline.", "is no CEL expression at character 10"),
        ("baseline.completed &&", "is no CEL expression"),
        ("m6.completed", "'m6' is no earlier wave"),
        ("baseline.done", "there is no 'done'"),
        ("m3.completed || baseline.done", "there is no 'done'"),
        ("baseline.completed + 1", "cannot be evaluated"),
        ("'yes'", "is no condition: it gives 'yes'"),
        ("nothing(baseline.completed)", "cannot be evaluated"),
        ("has(baseline.completed)", "'has()' is not needed"),
        ("(" * 900 + "true" + ")" * 900, "is no CEL expression"),
    ],
)
def test_what_is_wrong_with_a_condition(expression: str, problem: str) -> None:
    found = list(problems(expression, ["baseline", "m3"]))
    assert len(found) == 1
    assert problem in found[0]


def test_a_sound_condition_has_no_problems_and_says_its_names() -> None:
    expression = "baseline.completed && !m3.completed"
    assert list(problems(expression, ["baseline", "m3"])) == []
    assert names_in(expression) == ("baseline", "m3")


def test_facts_that_are_missing_altogether_are_an_error() -> None:
    with pytest.raises(BadCondition, match="nothing is known as 'm3'"):
        evaluate("m3.completed", {"baseline": {"completed": True}})
