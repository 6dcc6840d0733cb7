"""Calculated values: a formula over answers, scores and earlier values, and why it has no result. Pure.

They are never stored: `logic` and `piping` ask for them while a page is made, the export computes
them from the stored answers (docs/adr/0014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from surveys.lib.expressions import (
    ANSWERS,
    OWN,
    VALUES,
    CannotCompute,
    Fact,
    Value,
    facts_in,
    result,
)

if TYPE_CHECKING:
    from surveys.instruments.definition import Instrument

Known: TypeAlias = Mapping[Fact, Value]
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """What a formula gives: a number, or what it lacks, or why it cannot be computed."""

    value: float | None = None
    lacks: tuple[Fact, ...] = ()
    error: str = ""


def value(code: str) -> Fact:
    """A calculated value of the instrument itself."""
    return Fact(OWN, VALUES, name=code)


def outcome(formula: str, known: Known) -> Outcome:
    """Evaluate one formula; facts that are absent from `known`, or None there, are lacking."""
    facts = facts_in(formula)
    try:
        found = result(formula, {f: known[f] for f in facts if known.get(f) is not None})
    except KeyError:
        return Outcome(lacks=tuple(fact for fact in facts if known.get(fact) is None))
    except CannotCompute as error:
        return Outcome(error=str(error).rpartition("cannot be evaluated: ")[2])
    if not isinstance(found, bool | int | float):
        return Outcome(error=f"gives {str(found)[:60]!r}, which is no number")
    number = float(found)
    return Outcome(number) if math.isfinite(number) else Outcome(error=f"gives {number}")


def outcomes(instrument: Instrument, known: Known) -> dict[Fact, Outcome]:
    """Every value of the instrument; what one lacks is traced back to answers and scores."""
    facts, found = dict(known), dict[Fact, Outcome]()
    for each in instrument.values:
        made = outcome(each.formula, facts)
        lacks = (
            f for fact in made.lacks for f in (found[fact].lacks if fact in found else (fact,))
        )
        errors = (found[fact].error for fact in made.lacks if fact in found)
        error = made.error or next(filter(None, errors), "")
        found[value(each.code)] = Outcome(made.value, tuple(dict.fromkeys(lacks)), error)
        facts[value(each.code)] = made.value
    return found


def with_values(instrument: Instrument, expression: str, known: Known) -> Known:
    """The facts with the values that they decide, where the expression asks for any.

    A value that lacks an open answer stays open.
    """
    if not any(fact.kind == VALUES for fact in facts_in(expression)):
        return known
    found = dict(known)
    for fact, made in outcomes(instrument, known).items():
        if made.value is not None or all(lack in known for lack in made.lacks):
            found[fact] = made.value
    return found


def inputs(instrument: Instrument, fact: Fact) -> frozenset[str]:
    """The own items that a fact comes from: itself, or all that a value is made of."""
    if fact.wave != OWN:
        return frozenset()
    if fact.kind == ANSWERS:
        return frozenset({fact.name})
    made: dict[str, frozenset[str]] = {}
    for each in instrument.values:  # each is made of earlier ones, so there is no circle
        own = [f for f in facts_in(each.formula) if f.wave == OWN]
        below = (made.get(f.name, NOTHING) if f.kind == VALUES else {f.name} for f in own)
        made[each.code] = NOTHING.union(*below)
    return made.get(fact.name, NOTHING)
