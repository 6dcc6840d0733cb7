"""Which items somebody is asked: the conditions of an instrument's items, decided and checked. Pure.

A condition (`show_if`) may ask for earlier answers of its own instrument (`answers.age`), for what
comes before at the same occasion (`occasion.scores["mood-worry"].worry`) and for earlier waves
(`baseline.answers["demographics"].age`). `lib.expressions` decides it; `fitting` has the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from surveys.instruments.kinds import LISTS, UNASKED, WORDS
from surveys.lib.expressions import (
    ANSWERS,
    COMPLETED,
    OWN,
    BadCondition,
    Fact,
    Value,
    evaluate,
    facts_in,
    names_in,
    own,
)
from surveys.lib.trying import near, try_all, words

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument, Item

HERE = "occasion"  # what stands for the wave of an instrument asked before at the same occasion

Known: TypeAlias = Mapping[Fact, Value]


def hidden(instrument: Instrument, answers: Mapping[str, object], known: Known) -> frozenset[str]:
    """The items that are not to be asked, as far as the answers so far decide it.

    A hidden item counts as missing for those that ask for it; so does what a form leaves out.
    `known` holds the facts of `needs`; those that it lacks are missing for good.
    """
    if not is_branched(instrument):
        return frozenset()
    facts: dict[Fact, Value] = {fact: _missing(fact) for fact in needs(instrument)} | dict(known)
    gone: set[str] = set()
    for fact in _own_facts(instrument):
        if fact.name not in instrument.by_code:
            facts[fact] = None
    for item in instrument.items:
        if item.show_if and _is_unmet(item.show_if, facts):
            gone.add(item.code)
            facts[own(item.code)] = None
        elif item.code in answers:
            facts[own(item.code)] = measured(instrument, item, answers[item.code])
    return frozenset(gone)


def is_branched(instrument: Instrument) -> bool:
    """Whether anything of it is asked of some people only."""
    return any(item.show_if for item in instrument.items)


def needs(instrument: Instrument) -> frozenset[Fact]:
    """What its conditions ask of other instruments and waves."""
    shown = (facts_in(item.show_if) for item in instrument.items if item.show_if)
    return frozenset(fact for facts in shown for fact in facts if fact.wave != OWN)


def measured(instrument: Instrument, item: Item, answer: object) -> Value:
    """An answer as expressions see it: numbers as decimals; no measurement, or a list, is missing."""
    unmeasured = {option.code for option in instrument.options_of(item) if option.missing}
    if isinstance(answer, str):
        return answer
    is_number = isinstance(answer, int | float) and answer not in unmeasured
    return float(answer) if is_number else None  # type: ignore[arg-type]  # it is a number


def hangs_on(item: Item) -> frozenset[str]:
    """The items of its own instrument that its condition asks for."""
    if not item.show_if:
        return frozenset()
    return frozenset(fact.name for fact in facts_in(item.show_if) if fact.wave == OWN)


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Conditions that cannot be decided when their item comes."""
    for at, item in enumerate(instrument.items):
        if item.show_if:
            found = _misfits(instrument, at, item.show_if)
            yield from ((("items", at, "show_if"), message) for message in found)


def _misfits(instrument: Instrument, at: int, expression: str) -> Iterator[str]:
    try:
        facts = facts_in(expression)
        strange = sorted(set(names_in(expression)) - {fact.root for fact in facts})
        if strange:
            yield f"'{strange[0]}' is not known; write 'answers.<item>' for an earlier answer"
        unfit = [
            what for fact in facts if fact.wave == OWN for what in _unfit(instrument, at, fact)
        ]
        yield from unfit
        if not (unfit or strange):
            try_all(
                expression, {f: _values(instrument, f, expression) for f in facts if not f.wave}
            )
    except BadCondition as error:
        yield str(error)


def _unfit(instrument: Instrument, at: int, fact: Fact) -> Iterator[str]:
    codes = [item.code for item in instrument.items]
    if fact.name not in codes:
        yield f"there is no item '{fact.name}'; earlier are {', '.join(codes[:at]) or 'none'}"
    elif codes.index(fact.name) >= at:
        yield f"'{fact.name}' comes later than '{codes[at]}', so its answer is not known yet"
    elif instrument.by_code[fact.name].kind in LISTS | UNASKED:
        yield f"'{fact.name}' has no single answer to ask for"


def _values(instrument: Instrument, fact: Fact, expression: str) -> tuple[Value, ...]:
    """What an answer may be, near to what the expression compares it with."""
    is_text = instrument.by_code[fact.name].kind in WORDS
    return words(expression) if is_text else near(expression)


def _own_facts(instrument: Instrument) -> Iterator[Fact]:
    for item in instrument.items:
        yield from (Fact(OWN, ANSWERS, name=code) for code in hangs_on(item))


def _is_unmet(expression: str, facts: Known) -> bool:
    """False also where a stored condition turns out to be none: it must not hide anything."""
    try:
        return evaluate(expression, facts) is False
    except BadCondition:
        return False


def _missing(fact: Fact) -> Value:
    return False if fact.kind == COMPLETED else None
