"""Trying a condition before it is published: are its facts there, do its types fit. Pure.

`checks` calls this. Facts are known from the instruments of the waves; what cannot be known, such
as how two operators meet, is found by evaluating the condition for many made-up people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import TypeAlias

from surveys.design.conditions import (
    COMPLETED,
    SCORES,
    BadCondition,
    Fact,
    Value,
    decided,
    facts_in,
    names_in,
)
from surveys.design.forms import Form
from surveys.design.schedule import draw
from surveys.instruments.definition import Instrument
from surveys.instruments.kinds import LISTS, UNASKED, WORDS

MOST_WORLDS = 256  # that a check tries; eight waves and their every combination
_NUMBER = re.compile(r"(?<![\w.\"'])-?\d+(?:\.\d+)?")
_STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")

World: TypeAlias = tuple[tuple[Fact, Value], ...]
Earlier: TypeAlias = Mapping[str, Sequence[Instrument]]  # planned earlier waves, what they ask


def problems(expression: str, earlier: Earlier) -> Iterator[str]:
    """What is wrong with a condition that may ask about the earlier waves."""
    try:
        unknown = [name for name in names_in(expression) if name not in earlier]
        yield from (_no_wave(name, earlier) for name in unknown)
        if unknown:
            return
        missing = [what for fact in facts_in(expression) for what in _missing(fact, earlier)]
        yield from missing
        if not missing:
            _try(expression, earlier)
    except BadCondition as error:
        yield str(error)


def never_met(expression: str, earlier: Earlier, form: Form) -> bool:
    """Whether people with this form cannot meet the condition, since it asks for what is left out."""
    facts = facts_in(expression)
    lost = {fact: _without(fact) for fact in facts if _is_left_out(fact, earlier, form)}
    if not lost:
        return False
    everybody = _worlds(expression, earlier)
    theirs = [tuple((fact, lost.get(fact, value)) for fact, value in w) for w in everybody]
    return _is_met(expression, everybody) and not _is_met(expression, theirs)


def _no_wave(name: str, earlier: Earlier) -> str:
    known = ", ".join(earlier) or "none"
    return f"'{name}' is no earlier wave that the protocol plans; earlier are {known}"


def _missing(fact: Fact, earlier: Earlier) -> Iterator[str]:
    if fact.kind == COMPLETED:
        return
    asked = earlier[fact.wave]
    found = [instrument for instrument in asked if instrument.instrument == fact.instrument]
    if not found:
        known = ", ".join(dict.fromkeys(instrument.instrument for instrument in asked)) or "none"
        yield f"wave '{fact.wave}' does not ask '{fact.instrument}'; it asks {known}"
    elif len(found) > 1:
        yield f"wave '{fact.wave}' asks two versions of '{fact.instrument}'"
    else:
        names = found[0].scale_by_code if fact.kind == SCORES else found[0].by_code
        if fact.name not in names:
            what = "scale" if fact.kind == SCORES else "item"
            known = ", ".join(names) or "none"
            yield f"'{fact.instrument}' has no {what} '{fact.name}'; known are {known}"
        elif fact.kind != SCORES and found[0].by_code[fact.name].kind in LISTS | UNASKED:
            yield f"'{fact.name}' of '{fact.instrument}' has no single answer to ask for"


def _try(expression: str, earlier: Earlier) -> None:
    """Raise BadCondition when the condition cannot be evaluated for somebody."""
    for world in _worlds(expression, earlier):
        decided(expression, world, is_all=True)


def _is_met(expression: str, worlds: Iterable[World]) -> bool:
    return any(decided(expression, world, is_all=True) for world in worlds)


def _worlds(expression: str, earlier: Earlier) -> list[World]:
    """People who differ in the facts: all of them, or some when there would be too many."""
    facts = facts_in(expression)
    values = [_values(fact, expression, earlier) for fact in facts]
    if prod(map(len, values)) <= MOST_WORLDS:
        return [tuple(zip(facts, chosen, strict=True)) for chosen in product(*values)]
    return [
        tuple(
            (fact, some[int(draw("world", n, fact) * len(some))])
            for fact, some in zip(facts, values, strict=True)
        )
        for n in range(MOST_WORLDS)
    ]


def _values(fact: Fact, expression: str, earlier: Earlier) -> Sequence[Value]:
    """What the fact may be, near to what the expression compares it with."""
    if fact.kind == COMPLETED:
        return (True, False)
    (instrument,) = (i for i in earlier[fact.wave] if i.instrument == fact.instrument)
    if fact.kind != SCORES and instrument.by_code[fact.name].kind in WORDS:
        named = ("".join(match) for match in _STRING.findall(expression))
        return tuple(dict.fromkeys(["words", *named, None]))
    limits = [float(text) for text in _NUMBER.findall(expression)] or [0.0]
    near = sorted({limit + step for limit in limits for step in (-1.0, 0.0, 1.0)})
    return (*near, None)


def _without(fact: Fact) -> Value:
    return False if fact.kind == COMPLETED else None


def _is_left_out(fact: Fact, earlier: Earlier, form: Form) -> bool:
    if not form.asks_wave(fact.wave):
        return True
    if fact.kind == COMPLETED:
        return False
    (instrument,) = (i for i in earlier[fact.wave] if i.instrument == fact.instrument)
    if instrument.ref in form.without.instruments.get(fact.wave, ()):
        return True
    gone = form.items_left_out(instrument.ref)
    if fact.kind == SCORES:
        return not instrument.is_scorable_without(instrument.scale_by_code[fact.name], gone)
    return fact.name in gone
