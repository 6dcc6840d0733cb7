"""Why a wave is not asked of somebody: arm, form, share, condition. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from surveys.design.conditions import COMPLETED, Fact, Value, evaluate, facts_in
from surveys.design.forms import Form
from surveys.design.protocol import Wave
from surveys.lib.draws import draw
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.states import Cause


def cause_of(wave: Wave, person: PersonFacts, ended: Mapping[str, bool | None], form: Form) -> str:
    """Why a wave is not asked of somebody, by what is known now; empty when it is."""
    if wave.arms and person.arm not in wave.arms:
        return Cause.NOT_IN_ARM
    if not form.asks_wave(wave.code) or _is_drawn_out(wave, person):
        return Cause.PLANNED_MISSING
    if wave.only_if and condition(wave.only_if, ended, person.results) is False:
        return Cause.BRANCHED_OUT
    return ""


def _is_drawn_out(wave: Wave, person: PersonFacts) -> bool:
    if wave.share is None:
        return False
    return draw(person.seed, person.code, wave.code) >= wave.share


def condition(
    expression: str, ended: Mapping[str, bool | None], results: Mapping[Fact, Value]
) -> bool | None:
    """Whether an `only_if` holds for somebody; None while an earlier wave is still running.

    Of a wave that is over, a score or answer that `results` lacks is missing for good.
    """
    known: dict[Fact, Value] = {}
    for fact in facts_in(expression):
        completed = ended.get(fact.wave)
        if completed is not None:
            known[fact] = completed if fact.kind == COMPLETED else results.get(fact)
    return evaluate(expression, known)


def values_in(conditions: Iterable[str | None]) -> frozenset[Fact]:
    """The answers and scores that these conditions ask for."""
    facts = (fact for only_if in conditions if only_if for fact in facts_in(only_if))
    return frozenset(fact for fact in facts if fact.kind != COMPLETED)
