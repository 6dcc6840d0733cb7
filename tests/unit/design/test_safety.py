"""Safety rules in a study file: what they may ask, what is found before publishing, three values."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveys.access.roles import GRANTS, Permission
from surveys.design.conditions import BadCondition
from surveys.design.difference import difference
from surveys.design.safety import Fact, SafetyRule, holds
from surveys.design.studyfile import read_text, write
from surveys.lib.yamlfile import DocumentError
from tests.unit.design.studies import CALM, STUDY, protocol, read_study

ITEM, SCORE = Fact("answers", "calm1"), Fact("scores", "calm")
RULE = "{code: low, instrument: calm, when: answers.calm1 >= 2, alert: [coordinator]"


def with_rules(*rules: str) -> str:
    lines = "".join(f"  - {rule}\n" for rule in rules)
    return STUDY.replace("quiet_hours:", f"safety:\n{lines}quiet_hours:", 1)


def complaints(*rules: str) -> list[str]:
    try:
        read_study(with_rules(*rules)).checked(CALM)
    except DocumentError as error:
        return [f"{problem.path}: {problem.message}" for problem in error.problems]
    return []


def when(expression: str) -> str:
    rule = f"{{code: low, instrument: calm, when: '{expression}', alert: [coordinator]}}"
    return "; ".join(complaints(rule))


def test_a_rule_is_read_and_shows_the_crisis_lines_by_default() -> None:
    study = read_study(
        with_rules(RULE + ", escalate_after: PT1H, escalate_to: [owner, Ada@uni.example]}")
    ).checked(CALM)
    (rule,) = study.safety
    assert (rule.show, str(rule.escalate_after)) == ("crisis", "PT1H")
    assert rule.told_at(0) == ("coordinator",)
    assert rule.told_at(1) == ("owner",)
    assert rule.told_at(2) == ("ada@uni.example",)
    assert rule.told_at(3) == ("coordinator", "owner", "ada@uni.example")


def test_its_own_text_is_checked_like_every_text() -> None:
    assert complaints(RULE + ", show: crisis}") == []
    assert complaints(RULE + ", show: Call us.}") == []
    assert complaints(RULE + ", show: {en: Call us.}}") == [
        "safety[0].show: lacks the language 'de'"
    ]


def test_it_survives_the_way_to_a_file_and_back() -> None:
    study = read_study(with_rules(RULE + ", show: Call us., escalate_after: P1D}")).protocol
    assert read_text(write(study), source="x", folder=Path()).protocol == study
    assert next(str(change) for change in difference(protocol(), study)).startswith("safety")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (RULE.replace("calm,", "mood,") + "}", "safety[0].instrument: no wave asks 'mood'"),
        (RULE.replace("calm1", "calm9") + "}", "no item 'calm9'; known are calm1, calm2, calm3"),
        (RULE.replace("answers.calm1", "scores.joy") + "}", "no scale 'joy'; known are calm"),
        (RULE.replace("[coordinator]", "[]") + "}", "safety[0].alert"),
        (RULE.replace("[coordinator]", "[data_manager]") + "}", "safety[0].alert[0]"),
        (RULE + ", escalate_to: [owner]}", "safety[0].escalate_to: needs 'escalate_after'"),
        (RULE + ", escalate_after: P1M}", "safety[0].escalate_after: expected hours"),
        (RULE + ", escalate_after: PT0M}", "safety[0].escalate_after: expected hours"),
    ],
)
def test_what_cannot_work_is_refused_where_it_stands(rule: str, said: str) -> None:
    assert any(said in line for line in complaints(rule)), complaints(rule)


def test_two_rules_have_two_codes() -> None:
    assert complaints(RULE + "}", RULE + "}") == ["safety[1].code: rule 'low' stands twice"]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("answers.calm1 >=", "no CEL"),
        ("1 == 1", "asks for no answer"),
        ("mood.calm1 > 1", "'mood' is not known"),
        ("size(answers) == 0", "'answers' alone"),
        ("answers.calm1 > 1 || size(scores) == 0", "'scores' alone"),
        ("!has(answers.calm1)", "'has()' is not for safety rules"),
        ("answers.calm1 > 2", "nobody is ever told"),
        ("answers.calm1", "is no condition"),
        ('answers.calm1 > "x"', "cannot be evaluated"),
    ],
)
def test_expressions_that_cannot_warn_anybody_are_refused(expression: str, said: str) -> None:
    assert said in when(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "answers.calm1 == 2",
        'answers["calm1"] >= 1 && scores["calm"] > 0.5',
        "scores.calm >= 1.5 || answers.calm3 == 0",
        "!(answers.calm1 < 2)",
    ],
)
def test_expressions_that_can_are_not(expression: str) -> None:
    assert when(expression) == ""


@pytest.mark.parametrize(
    ("expression", "known", "value"),
    [
        ("answers.calm1 >= 1", {ITEM: 1.0}, True),
        ("answers.calm1 >= 1", {ITEM: 0.0}, False),
        ("answers.calm1 >= 1", {}, None),
        ("!(answers.calm1 >= 1)", {}, None),
        ("answers.calm1 != 0", {}, None),
        ("answers.calm1 >= 1 || scores.calm > 1", {ITEM: 1.0}, True),
        ("answers.calm1 >= 1 || scores.calm > 1", {SCORE: 2.0}, True),
        ("answers.calm1 >= 1 || scores.calm > 1", {ITEM: 0.0}, None),
        ("answers.calm1 >= 1 && scores.calm > 1", {ITEM: 0.0}, False),
        ("answers.calm1 >= 1 && scores.calm > 1", {ITEM: 1.0}, None),
        ("answers.calm1 >= 1 || true", {}, None),
    ],
)
def test_three_values(expression: str, known: dict[Fact, float], value: bool | None) -> None:
    assert holds(expression, known) is value


def test_odd_values_are_told_apart_from_missing_ones() -> None:
    with pytest.raises(BadCondition, match="cannot be evaluated"):
        holds("answers.calm1 >= 1", {ITEM: "often"})


def test_the_roles_that_a_rule_may_name_are_those_that_may_handle_alerts() -> None:
    able = {role.value for role, granted in GRANTS.items() if Permission.ALERT_HANDLE in granted}
    for role in GRANTS:
        rule = {"code": "low", "instrument": "calm", "when": "answers.calm1 > 1", "alert": [role]}
        try:
            SafetyRule.model_validate(rule)
        except ValueError:
            assert role not in able
        else:
            assert role in able
