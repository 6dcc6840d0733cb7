"""Conditions: three-valued, decided as early as what is known allows, and never unsafe."""

from __future__ import annotations

import pytest

from surveys.design import checks
from surveys.design.conditions import BadCondition, Fact, Value, evaluate, facts_in, names_in
from surveys.design.forms import Form
from surveys.design.protocol import Protocol
from surveys.design.trials import never_met, problems
from surveys.instruments.definition import Instrument
from tests.questionnaires import EVERY_KIND
from tests.world import instrument_document, protocol_document, wave_document

CALM = Instrument.model_validate(instrument_document())
EARLIER = {"baseline": [CALM, EVERY_KIND], "m3": [CALM]}
CALM_SCORE = Fact("baseline", "scores", "calm", "calm")
AGE = Fact("baseline", "answers", "every-kind", "age")
M3 = Fact("m3", "completed")


def completions(**waves: bool | None) -> dict[Fact, Value]:
    return {Fact(w, "completed"): done for w, done in waves.items() if done is not None}


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
    assert evaluate(expression, completions(baseline=baseline, m3=m3)) is value


SCORE = 'baseline.scores["calm"].calm'


@pytest.mark.parametrize(
    ("expression", "known", "value"),
    [
        (f"{SCORE} >= 1", {CALM_SCORE: 1.0}, True),
        (f"{SCORE} >= 1", {CALM_SCORE: 0.5}, False),
        (f"{SCORE} >= 1", {}, None),
        # Missing for good: not met, however the comparison goes, unless has() asks for it.
        (f"{SCORE} >= 1", {CALM_SCORE: None}, False),
        (f"{SCORE} != 1", {CALM_SCORE: None}, False),
        (f"!({SCORE} >= 1)", {CALM_SCORE: None}, False),
        (f"has({SCORE}) && {SCORE} >= 1", {CALM_SCORE: None}, False),
        (f"!has({SCORE}) || {SCORE} >= 1", {CALM_SCORE: None}, True),
        (f"!has({SCORE}) || {SCORE} >= 1", {CALM_SCORE: 0.0}, False),
        (f"!has({SCORE}) || {SCORE} >= 1", {}, None),
        # One fact is missing, another is not known yet: open, until that one decides.
        (f"{SCORE} >= 1 || m3.completed", {CALM_SCORE: None}, None),
        (f"{SCORE} >= 1 || m3.completed", {CALM_SCORE: None, M3: True}, True),
        (f"{SCORE} >= 1 || m3.completed", {CALM_SCORE: None, M3: False}, False),
        (f"{SCORE} >= 1 && m3.completed", {CALM_SCORE: 0.0}, False),
        (f"{SCORE} >= 1 && m3.completed", {CALM_SCORE: 2.0}, None),
        (f"{SCORE} in [1, 2]", {CALM_SCORE: 2.0}, True),
        (f"{SCORE} + 1.5 > 3", {CALM_SCORE: 2.0}, True),
        ('baseline . answers [ "every-kind" ] . age >= 30', {AGE: 30.0}, True),
        ("baseline.answers['every-kind']['age'] >= 30", {AGE: 30.0}, True),
        # What was typed may be anything: what cannot be computed is not met.
        ('int(baseline.answers["every-kind"].age) > 3', {AGE: "x"}, False),
    ],
)
def test_scores_and_answers_of_earlier_waves_decide(
    expression: str, known: dict[Fact, Value], value: bool | None
) -> None:
    assert evaluate(expression, known) is value


def test_a_condition_says_which_facts_it_needs() -> None:
    expression = f'm3.completed && ({SCORE} > 1 || baseline.answers["every-kind"]["age"] > 30)'
    assert facts_in(expression) == (M3, CALM_SCORE, AGE)
    assert str(AGE) == 'baseline.answers["every-kind"].age'


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
        ("has(baseline.done)", "'has()' asks for one score or answer"),
        ("m6.completed || true", "earlier are baseline, m3"),
        ("baseline.completed && baseline == m3", "'baseline' alone is no fact"),
        ('baseline.scores["phq8"].total > 1', "does not ask 'phq8'; it asks calm, every-kind"),
        ('m3.answers["every-kind"].age > 1', "wave 'm3' does not ask 'every-kind'"),
        ('baseline.scores["calm@1"].calm > 1', "does not ask 'calm@1'"),
        ('baseline.scores["calm"].sum > 1', "'calm' has no scale 'sum'; known are calm"),
        ('baseline.answers["calm"].calm > 1', "'calm' has no item 'calm'; known are calm1,"),
        ("baseline.scores.calm > 1", "there is no 'scores' to ask of 'baseline'"),
        ('baseline.answers["every-kind"].age > "30"', "cannot be evaluated"),
        ('baseline.answers["every-kind"].note > 3', "cannot be evaluated"),
        ('baseline.answers["every-kind"].age + 1 > 3', "cannot be evaluated"),
        ('int(baseline.answers["every-kind"].note) > 3', "cannot be evaluated"),
        ('baseline.answers["every-kind"].age', "is no condition: it gives"),
        ("(" * 900 + "true" + ")" * 900, "is no CEL expression"),
    ],
)
def test_what_is_wrong_with_a_condition(expression: str, problem: str) -> None:
    found = list(problems(expression, EARLIER))
    assert len(found) == 1
    assert problem in found[0]


def test_a_sound_condition_has_no_problems_and_says_its_names() -> None:
    expression = "baseline.completed && !m3.completed"
    assert list(problems(expression, EARLIER)) == []
    assert names_in(expression) == ("baseline", "m3")


def test_facts_that_are_missing_altogether_are_an_error() -> None:
    with pytest.raises(BadCondition, match="nothing is known as 'm3'"):
        evaluate("m3 || baseline.completed", completions(baseline=True))


def test_two_versions_of_an_instrument_in_one_wave_are_ambiguous() -> None:
    newer = Instrument.model_validate(instrument_document("calm", 2))
    found = list(problems(f"{SCORE} > 1", {"baseline": [CALM, newer]}))
    assert found == ["wave 'baseline' asks two versions of 'calm'"]


def test_many_facts_are_tried_with_some_of_their_values() -> None:
    expression = " || ".join(f'baseline.answers["calm"].calm{n} == {n}' for n in (1, 2, 3))
    expression += f' || {SCORE} > 7 || baseline.answers["every-kind"].age + 1 > 3'
    (found,) = problems(expression, EARLIER)
    assert "cannot be evaluated" in found


@pytest.mark.parametrize(
    ("without", "expression", "never"),
    [
        ({"waves": ["m3"]}, "m3.completed", True),
        ({"waves": ["m3"]}, "m3.completed || baseline.completed", False),
        ({"waves": ["m3"]}, "!m3.completed", False),
        ({"waves": ["m3"]}, "baseline.completed", False),
        ({"instruments": {"baseline": ["calm@1"]}}, f"{SCORE} > 1", True),
        ({"instruments": {"m3": ["calm@1"]}}, f"{SCORE} > 1", False),
        ({"items": {"calm@1": ["calm1"]}}, f"{SCORE} > 1", False),
        ({"items": {"calm@1": ["calm1", "calm2"]}}, f"{SCORE} > 1", True),
        ({"items": {"calm@1": ["calm1", "calm2"]}}, f"!has({SCORE}) || {SCORE} > 1", False),
        ({"items": {"calm@1": ["calm1"]}}, 'baseline.answers["calm"].calm1 == 2', True),
        ({"items": {"calm@1": ["calm1"]}}, 'baseline.answers["calm"].calm2 == 2', False),
    ],
)
def test_a_form_that_leaves_out_what_a_condition_needs(
    without: dict[str, object], expression: str, never: bool
) -> None:
    form = Form.model_validate({"code": "B", "without": without})
    assert never_met(expression, EARLIER, form) is never


@pytest.mark.parametrize("of", ["'calm3'", "section 2"])
@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ('baseline.answers["calm"].calm1 == 2', None),
        ('occasion.answers["calm"].calm1 == 2', None),
        ('occasion.answers["asking"].calm1 == 2', "wave 'occasion' does not ask 'asking'"),
        ('m9.answers["calm"].calm1 == 2', "'m9' is no earlier wave that the protocol plans"),
        ('baseline.answers["calm"].calm9 == 2', "'calm' has no item 'calm9'"),
        ('baseline.scores["calm"].calm > "x"', "cannot be evaluated"),
    ],
)
def test_conditions_of_items_and_sections_are_tried_where_the_protocol_asks_them(
    condition: str, problem: str | None, of: str
) -> None:
    document = instrument_document("asking")
    document["sections"] = [{"items": ["calm1", "calm2"]}, {"items": ["calm3"]}]
    conditional = document["items"][2] if of == "'calm3'" else document["sections"][1]
    conditional["show_if"] = condition
    asking = Instrument.model_validate(document)
    waves = [
        wave_document("baseline", "P0D", instruments=["calm@1"]),
        wave_document("m3", "P3M", instruments=["calm@1", "asking@1"]),
    ]
    protocol = Protocol.model_validate(protocol_document(waves=waves))
    found = checks.problems(protocol, {"calm@1": CALM, "asking@1": asking})
    if problem is None:
        assert found == ()
    else:
        ((where, what),) = found
        assert where == ("waves", 1, "instruments", 1)
        assert what.startswith(f"'show_if' of {of} of 'asking@1': ")
        assert problem in what


@pytest.mark.parametrize(
    ("place", "words", "problem"),
    [
        ("text", '{baseline.answers["calm"].calm1|it}', None),
        ("text", '{occasion.scores["calm"].calm|it}', None),
        ("text", '{baseline.answers["calm"].calm9|it}', "'calm' has no item 'calm9'"),
        ("text", '{m9.answers["calm"].calm1|it}', "'m9' is no earlier wave"),
        ("formula", 'baseline.scores["calm"].calm - answers.calm1', None),
        ("formula", 'baseline.scores["calm"].rest * 2.0', "'calm' has no scale 'rest'"),
        ("formula", 'baseline.scores["calm"].calm + 1', "gives nobody a number"),
    ],
)
def test_texts_and_values_are_checked_where_the_protocol_asks_them(
    place: str, words: str, problem: str | None
) -> None:
    document = instrument_document("asking")
    if place == "text":
        document["items"][2]["text"] = {"en": words, "de": "?"}
    else:
        title = {"en": "Made", "de": "Gemacht"}
        document["values"] = [{"code": "made", "title": title, "formula": words}]
    waves = [
        wave_document("baseline", "P0D", instruments=["calm@1"]),
        wave_document("m3", "P3M", instruments=["calm@1", "asking@1"]),
    ]
    protocol = Protocol.model_validate(protocol_document(waves=waves))
    asking = Instrument.model_validate(document)
    found = checks.problems(protocol, {"calm@1": CALM, "asking@1": asking})
    if problem is None:
        assert found == ()
    else:
        ((where, what),) = found
        assert where == ("waves", 1, "instruments", 1)
        of = "the text 'items.2.text.en'" if place == "text" else "the value 'made'"
        assert what.startswith(f"{of} of 'asking@1': ")
        assert problem in what
