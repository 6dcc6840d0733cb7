"""Trying a condition before it is published: are its facts there, do its types fit. Pure.

`checks` calls this. Facts are known from the instruments of the waves; `lib.trying` evaluates the
condition for many made-up people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from surveys.design.forms import Form
from surveys.instruments.definition import Instrument
from surveys.instruments.kinds import LISTS, UNASKED, WORDS
from surveys.lib.expressions import (
    ANSWERS,
    COMPLETED,
    OWN,
    SCORES,
    VALUES,
    BadCondition,
    Fact,
    Value,
    decided,
    facts_in,
    names_in,
)
from surveys.lib.trying import Choices, World, near, try_all, words, worlds

Earlier: TypeAlias = Mapping[str, Sequence[Instrument]]  # planned earlier waves, what they ask
Trying: TypeAlias = Callable[[str, Choices], None]  # raises BadCondition


def problems(expression: str, earlier: Earlier, trying: Trying = try_all) -> Iterator[str]:
    """What is wrong with an expression that may ask about the earlier waves; `trying` tries it."""
    try:
        unknown = [name for name in names_in(expression) if name not in earlier]
        yield from (_no_wave(name, earlier) for name in unknown)
        if unknown:
            return
        missing = [what for fact in facts_in(expression) for what in _missing(fact, earlier)]
        yield from missing
        if not missing:
            trying(expression, _choices(expression, earlier))
    except BadCondition as error:
        yield str(error)


def never_met(expression: str, earlier: Earlier, form: Form) -> bool:
    """Whether people with this form cannot meet the condition, since it asks for what is left out."""
    facts = facts_in(expression)
    lost = {fact: _without(fact) for fact in facts if _is_left_out(fact, earlier, form)}
    if not lost:
        return False
    everybody = worlds(_choices(expression, earlier))
    theirs = [tuple((fact, lost.get(fact, value)) for fact, value in w) for w in everybody]
    return _is_met(expression, everybody) and not _is_met(expression, theirs)


def _no_wave(name: str, earlier: Earlier) -> str:
    known = ", ".join(wave for wave in earlier if wave not in {ANSWERS, VALUES}) or "none"
    return f"'{name}' is no earlier wave that the protocol plans; earlier are {known}"


def _missing(fact: Fact, earlier: Earlier) -> Iterator[str]:
    if fact.kind in {COMPLETED, VALUES}:  # values were checked with their instrument
        return
    asked, found = earlier[fact.root], _asked(fact, earlier)
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
            yield f"'{found[0].instrument}' has no {what} '{fact.name}'; known are {known}"
        elif fact.kind != SCORES and found[0].by_code[fact.name].kind in LISTS | UNASKED:
            yield f"'{fact.name}' of '{found[0].instrument}' has no single answer to ask for"


def _is_met(expression: str, tried: Iterable[World]) -> bool:
    return any(decided(expression, world, is_all=True) for world in tried)


def _choices(expression: str, earlier: Earlier) -> dict[Fact, Sequence[Value]]:
    return {fact: _values(fact, expression, earlier) for fact in facts_in(expression)}


def _values(fact: Fact, expression: str, earlier: Earlier) -> Sequence[Value]:
    """What the fact may be, near to what the expression compares it with."""
    if fact.kind == COMPLETED:
        return (True, False)
    instrument = _instrument(fact, earlier)
    is_text = fact.kind == ANSWERS and instrument.by_code[fact.name].kind in WORDS
    return words(expression) if is_text else near(expression)


def _instrument(fact: Fact, earlier: Earlier) -> Instrument:
    (found,) = _asked(fact, earlier)
    return found


def _asked(fact: Fact, earlier: Earlier) -> list[Instrument]:
    if fact.wave == OWN:
        return list(earlier[ANSWERS])
    return [i for i in earlier[fact.wave] if i.instrument == fact.instrument]


def _without(fact: Fact) -> Value:
    return False if fact.kind == COMPLETED else None


def _is_left_out(fact: Fact, earlier: Earlier, form: Form) -> bool:
    if not form.asks_wave(fact.wave):
        return True
    if fact.kind == COMPLETED:
        return False
    instrument = _instrument(fact, earlier)
    if instrument.ref in form.without.instruments.get(fact.wave, ()):
        return True
    gone = form.items_left_out(instrument.ref)
    if fact.kind == SCORES:
        return not instrument.is_scorable_without(instrument.scale_by_code[fact.name], gone)
    return fact.name in gone
