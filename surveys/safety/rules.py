"""What in one questionnaire is of concern, by the study's rules. Pure; `alerts` calls it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from surveys.design.conditions import ANSWERS, SCORES, BadCondition
from surveys.design.safety import Fact, SafetyRule, Value, facts_in, holds
from surveys.instruments.definition import Instrument
from surveys.instruments.scoring import score_one

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Concern:
    """A rule that holds, with the answers and scores that it asked for."""

    rule: SafetyRule
    found: dict[str, dict[str, Value]]


def concerns(
    rules: Iterable[SafetyRule], instrument: Instrument, answers: Mapping[str, Any]
) -> list[Concern]:
    """The rules that hold for these answers, which may be a draft's.

    A rule that cannot be computed is logged and holds not: it must not keep anybody from answering.
    """
    asked = [rule for rule in rules if rule.instrument == instrument.instrument]
    return [each for rule in asked if (each := _concern(rule, instrument, answers)) is not None]


def _concern(
    rule: SafetyRule, instrument: Instrument, answers: Mapping[str, Any]
) -> Concern | None:
    try:
        known = dict(_known(facts_in(rule.when), instrument, answers))
        if holds(rule.when, known) is not True:
            return None
    except (BadCondition, ValueError) as error:
        LOG.error("safety rule %s cannot be computed: %s", rule.code, type(error).__name__)
        return None
    found: dict[str, dict[str, Value]] = {ANSWERS: {}, SCORES: {}}
    for fact, value in known.items():
        found[fact.kind][fact.name] = value
    return Concern(rule, found)


def _known(
    facts: Iterable[Fact], instrument: Instrument, answers: Mapping[str, Any]
) -> Iterator[tuple[Fact, Value]]:
    """The facts that are there: skipped, unmeasured and not scorable are not."""
    wanted = list(facts)
    has_scores = any(fact.kind == SCORES for fact in wanted)
    scores = score_one(instrument, answers) if has_scores else {}
    for fact in wanted:
        value = _answer(instrument, fact.name, answers) if fact.kind == ANSWERS else None
        if fact.kind == SCORES and fact.name in scores:
            value = scores[fact.name].value
        if value is not None:
            yield fact, value


def _answer(instrument: Instrument, code: str, answers: Mapping[str, Any]) -> Any:
    item, value = instrument.by_code.get(code), answers.get(code)
    if item is None or value is None:
        return None
    unmeasured = [option.code for option in instrument.options_of(item) if option.missing]
    return None if value in unmeasured else _number(value)


def _number(value: Any) -> Any:
    """Numbers as decimals, which is what rules compare."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else value
