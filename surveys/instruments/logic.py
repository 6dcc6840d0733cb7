"""Which items somebody is asked: the conditions of items and sections, decided and checked. Pure.

An item is asked when its section's condition and its own are met. A condition (`show_if`) may ask
for earlier answers and values of its own instrument (`answers.age`, `values.years`), for what comes
before at the same occasion (`occasion.scores["mood-worry"].worry`) and for earlier waves
(`baseline.answers["demographics"].age`). `lib.expressions` decides it; `fitting` has the checks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from surveys.instruments import ordering
from surveys.instruments.calculating import inputs, with_values
from surveys.instruments.kinds import LISTS, UNASKED, WORDS
from surveys.lib.expressions import (
    ANSWERS,
    COMPLETED,
    OWN,
    VALUES,
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
    from surveys.instruments.terms import Path

HERE = "occasion"  # what stands for the wave of an instrument asked before at the same occasion

Known: TypeAlias = Mapping[Fact, Value]


@dataclass(frozen=True)
class Branch:
    """One condition: its place in the document, whose it is in words, and the items it decides."""

    where: Path
    of: str
    expression: str
    items: tuple[str, ...]


def branches(instrument: Instrument) -> Iterator[Branch]:
    """Every condition of the instrument; an item about a target hangs on whether there is one."""
    for at, section in enumerate(instrument.sections):
        if section.show_if:
            where = ("sections", at, "show_if")
            yield Branch(where, f"section {at + 1}", section.show_if, section.items)
    for at, item in enumerate(instrument.items):
        if item.show_if:
            yield Branch(("items", at, "show_if"), f"'{item.code}'", item.show_if, (item.code,))
        if item.target:
            there_is = f"has(answers.{item.target})"
            yield Branch(("items", at, "target"), f"'{item.code}'", there_is, (item.code,))


def hidden(instrument: Instrument, answers: Mapping[str, object], known: Known) -> frozenset[str]:
    """The items that are not to be asked, as far as the answers so far decide it.

    A hidden item counts as missing for those that ask for it; so does what a form leaves out.
    `known` holds the facts of `needs`; those that it lacks are missing for good.
    """
    if not is_branched(instrument):
        return frozenset()
    facts: dict[Fact, Value] = {fact: _missing(fact) for fact in needs(instrument)} | dict(known)
    gone: set[str] = set()
    conditions: defaultdict[str, list[str]] = defaultdict(list)
    for branch in branches(instrument):
        left_out = (name for name in _own(instrument, branch) if name not in instrument.by_code)
        facts |= {own(name): None for name in left_out}
        for code in branch.items:
            conditions[code].append(branch.expression)
    for item in instrument.items:
        here = conditions[item.code]
        if any(_is_unmet(each, with_values(instrument, each, facts)) for each in here):
            gone.add(item.code)
            facts[own(item.code)] = None
        elif item.code in answers:
            facts[own(item.code)] = measured(instrument, item, answers[item.code])
    return frozenset(gone)


def is_branched(instrument: Instrument) -> bool:
    """Whether anything of it is asked of some people only."""
    return next(branches(instrument), None) is not None


def needs(instrument: Instrument) -> frozenset[Fact]:
    """What its conditions and values ask of other instruments and waves."""
    conditions = (branch.expression for branch in branches(instrument))
    formulas = (value.formula for value in instrument.values)
    asked = (fact for each in (*conditions, *formulas) for fact in facts_in(each))
    return frozenset(fact for fact in asked if fact.wave != OWN)


def measured(instrument: Instrument, item: Item, answer: object) -> Value:
    """An answer as expressions see it: numbers as decimals; no measurement, or a list, is missing."""
    unmeasured = {option.code for option in instrument.options_of(item) if option.missing}
    if isinstance(answer, str):
        return answer
    is_number = isinstance(answer, int | float) and answer not in unmeasured
    return float(answer) if is_number else None  # type: ignore[arg-type]  # it is a number


def hangs_on(instrument: Instrument, uses: Iterable[Branch]) -> Mapping[str, set[str]]:
    """For each item the items of the same instrument that must be answered on an earlier page."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for use in uses:
        for code in use.items:
            found[code] |= _own(instrument, use)
    return found


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Conditions that cannot be decided when their item or section comes."""
    for branch in branches(instrument):
        yield from ((branch.where, message) for message in _misfits(instrument, branch))


def _misfits(instrument: Instrument, branch: Branch) -> Iterator[str]:
    expression = branch.expression
    try:
        facts = facts_in(expression)
        strange = sorted(set(names_in(expression)) - {fact.root for fact in facts})
        if strange:
            yield f"'{strange[0]}' is not known; write 'answers.<item>' for an earlier answer"
        unfit = list(unfit_here(instrument, branch))
        yield from unfit
        if not (unfit or strange):
            try_all(
                expression, {f: near_values(instrument, f, expression) for f in facts if not f.wave}
            )
            yield from _unfit_target(instrument, branch)
    except BadCondition as error:
        yield str(error)


def unfit_here(instrument: Instrument, branch: Branch) -> Iterator[str]:
    """Why what an expression asks of its own instrument is not there when its items come."""
    known = [value.code for value in instrument.values]
    for fact in facts_in(branch.expression):
        if fact.wave == OWN and fact.kind == VALUES and fact.name not in known:
            yield f"there is no value '{fact.name}'; known are {', '.join(known) or 'none'}"
    for name in sorted(_own(instrument, branch)):
        yield from _unfit(instrument, branch, name)


def _unfit_target(instrument: Instrument, branch: Branch) -> Iterator[str]:
    """A target's question needs the answer that there is none, or nobody could give it."""
    if branch.where[-1] == "target":
        (code,) = _own(instrument, branch)
        options = instrument.options_of(instrument.by_code[code])
        if all(option.missing != "not_applicable" for option in options):
            yield f"no option of '{code}' is 'missing: not_applicable', which says there is none"


def _unfit(instrument: Instrument, branch: Branch, name: str) -> Iterator[str]:
    codes = [item.code for item in instrument.items]
    decided = [code for code in codes if code in branch.items]
    if not decided:
        return  # a section of unknown items, which is said elsewhere
    at = codes.index(decided[0])
    if name not in codes:
        yield f"there is no item '{name}'; earlier are {', '.join(codes[:at]) or 'none'}"
    elif codes.index(name) >= at:
        yield f"'{name}' comes later than '{codes[at]}', so its answer is not known yet"
    elif instrument.by_code[name].kind in LISTS | UNASKED:
        yield f"'{name}' has no single answer to ask for"
    else:
        late = (c for c in decided if not ordering.is_always_before(instrument, name, c))
        for code in late:
            yield (
                f"'{name}' can come later than '{code}', since their order is drawn by lot; "
                f"pin both, or ask '{name}' where it always comes before"
            )
            return


def _own(instrument: Instrument, branch: Branch) -> set[str]:
    """The items of the same instrument that the condition asks for, itself or in a value."""
    asked = (inputs(instrument, fact) for fact in facts_in(branch.expression))
    return {code for codes in asked for code in codes}


def near_values(instrument: Instrument, fact: Fact, expression: str) -> tuple[Value, ...]:
    """What an own answer or value may be, near to what the expression compares it with."""
    is_text = fact.kind == ANSWERS and instrument.by_code[fact.name].kind in WORDS
    return words(expression) if is_text else near(expression)


def _is_unmet(expression: str, facts: Known) -> bool:
    """False also where a stored condition turns out to be none: it must not hide anything."""
    try:
        return evaluate(expression, facts) is False
    except BadCondition:
        return False


def _missing(fact: Fact) -> Value:
    return False if fact.kind == COMPLETED else None
