"""Which answers are of concern: measured ones only, drafts too, and never with an error."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.design.safety import SafetyRule
from surveys.instruments.definition import Instrument
from surveys.safety.rules import concerns
from tests.questionnaires import EVERY_KIND
from tests.world import instrument_document

CALM = Instrument.model_validate(instrument_document())


def rule(when: str, instrument: str = "calm") -> SafetyRule:
    document = {"code": "low", "instrument": instrument, "when": when, "alert": ["coordinator"]}
    return SafetyRule.model_validate(document)


def is_raised(when: str, answers: dict[str, Any], instrument: Instrument = CALM) -> bool:
    return bool(concerns([rule(when, instrument.instrument)], instrument, answers))


@pytest.mark.parametrize("answers", [{}, {"calm1": None}, {"calm2": 2}, {"calm1": 0}])
def test_missing_and_harmless_answers_raise_nothing(answers: dict[str, Any]) -> None:
    assert not is_raised("answers.calm1 >= 1", answers)
    assert not is_raised("!(answers.calm1 < 1)", answers)


def test_an_answer_raises_with_what_was_found() -> None:
    (concern,) = concerns([rule("answers.calm1 >= 1")], CALM, {"calm1": 2, "calm2": 1})
    assert concern.found == {"answers": {"calm1": 2.0}, "scores": {}}


def test_a_score_counts_once_enough_is_answered() -> None:
    assert not is_raised("scores.calm >= 1.5", {"calm1": 2})
    assert is_raised("scores.calm >= 1.5", {"calm1": 2, "calm2": 2})
    assert not is_raised("scores.calm >= 1.5", {"calm1": 2, "calm2": 2, "calm3": 2})


def test_prefer_not_to_say_is_no_answer() -> None:
    assert not is_raised("answers.closeness <= 3", {"closeness": -9}, EVERY_KIND)
    assert is_raised("answers.closeness <= 3", {"closeness": 1}, EVERY_KIND)


def test_words_and_lists_can_be_compared() -> None:
    assert is_raised('answers.note == "help"', {"note": "help"}, EVERY_KIND)
    assert is_raised("2 in answers.closeness", {"closeness": [1, 2]}, EVERY_KIND)


def test_what_cannot_be_computed_raises_nothing_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert not is_raised("answers.calm1 >= 1", {"calm1": "often"})
    assert not is_raised("scores.calm >= 1", {"calm1": 99, "calm2": 1})
    assert len(caplog.records) == 2
    assert "often" not in caplog.text


def test_rules_of_other_questionnaires_are_not_asked() -> None:
    assert concerns([rule("answers.calm1 >= 1", "mood")], CALM, {"calm1": 2}) == []
