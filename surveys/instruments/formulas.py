"""Whether the calculated values of an instrument can be computed, found out before anybody answers. Pure.

`definition` asks this of an instrument; `design.trials` tries formulas that ask other instruments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from surveys.instruments import logic
from surveys.instruments.calculating import outcome
from surveys.instruments.kinds import LISTS, UNASKED
from surveys.lib.expressions import OWN, VALUES, BadCondition, Fact, facts_in, names_in
from surveys.lib.trying import Choices, worlds

if TYPE_CHECKING:
    from surveys.instruments.definition import Found, Instrument


def misfits(instrument: Instrument) -> Iterator[Found]:
    """Values that nobody could have, or whose column is taken."""
    taken = {item.code for item in instrument.items} | {s.code for s in instrument.scales}
    for at, value in enumerate(instrument.values):
        if value.code in taken:
            yield ("values", at, "code"), f"'{value.code}' is an item, a scale or a value already"
        taken.add(value.code)
        yield from ((("values", at, "formula"), what) for what in _misfits(instrument, at))


def try_formula(formula: str, choices: Choices) -> None:
    """Raise BadCondition when the formula gives nobody a number, whatever they answered."""
    tried = [outcome(formula, dict(world)) for world in worlds(choices)]
    if all(made.value is None for made in tried):
        why = next((made.error for made in tried if made.error), "something is always missing")
        raise BadCondition(f"'{formula[:60]}' gives nobody a number: {why}"[:300])


def _misfits(instrument: Instrument, at: int) -> Iterator[str]:
    formula = instrument.values[at].formula
    try:
        facts = facts_in(formula)
        strange = sorted(set(names_in(formula)) - {fact.root for fact in facts})
        if strange:
            yield f"'{strange[0]}' is not known; write 'answers.<item>' for an answer"
        own = [fact for fact in facts if fact.wave == OWN]
        unfit = [what for fact in own for what in _unfit(instrument, at, fact)]
        yield from unfit
        if not (unfit or strange) and len(own) == len(facts):
            try_formula(formula, {f: logic.near_values(instrument, f, formula) for f in own})
    except BadCondition as error:
        yield str(error)


def _unfit(instrument: Instrument, at: int, fact: Fact) -> Iterator[str]:
    earlier = [value.code for value in instrument.values[:at]]
    if fact.kind != VALUES and fact.name not in instrument.by_code:
        yield f"there is no item '{fact.name}'; known are {', '.join(instrument.by_code)}"
    elif fact.kind != VALUES and instrument.by_code[fact.name].kind in LISTS | UNASKED:
        yield f"'{fact.name}' has no single answer to ask for"
    elif fact.kind == VALUES and fact.name not in earlier:
        yield f"there is no earlier value '{fact.name}'; earlier are {', '.join(earlier) or 'none'}"
