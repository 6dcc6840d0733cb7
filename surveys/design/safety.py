"""Safety rules of a study: which answers and scores are of concern, who is told, what is shown. Pure.

A rule asks about one instrument, wherever a wave asks it. `when` is CEL over two things:

    answers.item9 >= 1 || scores.worry >= 15.0

Three-valued: what is not answered, not yet scorable or "prefer not to say" decides nothing, so it
raises no alert, whatever the expression. `surveys.safety` evaluates rules when a page is saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from surveys.design.conditions import ANSWERS, SCORES, BadCondition, names_in
from surveys.design.periods import Period, PeriodField
from surveys.design.timing import Found
from surveys.instruments.definition import Code, Document, Instrument, Slug, Text
from surveys.lib.documents import Misfit
from surveys.lib.expressions import compiled
from surveys.lib.trying import STRING, near, words

if TYPE_CHECKING:
    from surveys.design.protocol import Protocol

CRISIS = "crisis"  # in place of a text: the crisis lines of the study's contact
MOST_WORLDS = 4096  # made-up people that a check tries

_FACT = re.compile(
    r"""(?<![\w."'])(?P<kind>answers|scores)\s*"""
    r"""(?:\.\s*(?P<name>[a-z]\w*)\b|\[\s*(?P<quote>["'])(?P<key>\w+)(?P=quote)\s*\])"""
)
SHAPE = "write 'answers.<item>' or 'scores.<scale>'"

# Roles that may handle alerts (`access.roles`; a test compares), or a staff member's address.
Recipient: TypeAlias = Annotated[
    str,
    StringConstraints(
        pattern=r"^(owner|researcher|coordinator|[^@\s]+@[^@\s]+\.[^@\s]+)$",
        max_length=254,
        to_lower=True,
    ),
]
Value: TypeAlias = float | str
Known: TypeAlias = Mapping["Fact", Value]  # what is missing has no key


class Fact(NamedTuple):
    """One answer by its item's code, or one score by its scale's."""

    kind: str
    name: str


class SafetyRule(Document):
    """One rule. Nobody acknowledges the alert in time: `escalate_to` are told, one after the other."""

    code: Code
    instrument: Slug
    when: Annotated[str, StringConstraints(min_length=1, max_length=1000)]  # CEL
    alert: tuple[Recipient, ...] = Field(min_length=1, max_length=20)
    escalate_after: PeriodField | None = None
    escalate_to: tuple[Recipient, ...] = Field(default=(), max_length=20)
    show: Literal["crisis"] | Text = "crisis"

    @model_validator(mode="after")
    def _can_escalate(self) -> Self:
        after = self.escalate_after
        if self.escalate_to and after is None:
            raise Misfit([(("escalate_to",), "needs 'escalate_after', such as PT1H")])
        if after is not None and (after.months or after == Period()):
            what = "expected hours, minutes or days such as PT1H"
            raise Misfit([(("escalate_after",), what)])
        return self

    def told_at(self, n: int) -> tuple[str, ...]:
        """Who is told when the alert is raised (0) and at its n-th escalation.

        When the list is at its end, everybody is told again each time.
        """
        if n == 0:
            return self.alert
        if n <= len(self.escalate_to):
            return (self.escalate_to[n - 1],)
        return (*self.alert, *self.escalate_to)


@lru_cache(maxsize=1024)
def facts_in(expression: str) -> tuple[Fact, ...]:
    """What the rule asks for; raises BadCondition for anything that is no answer and no score."""
    for name in names_in(expression):
        if name not in {ANSWERS, SCORES}:
            raise BadCondition(f"'{name}' is not known; {SHAPE}")
    rest = STRING.sub(" ", _FACT.sub(" ", expression))
    if re.search(r"\bhas\s*\(", rest):
        raise BadCondition("'has()' is not for safety rules: what is missing raises no alert")
    if other := re.search(rf"\b({ANSWERS}|{SCORES})\b", rest):
        raise BadCondition(f"'{other[1]}' alone is no fact; {SHAPE}")
    found = (Fact(m["kind"], m["name"] or m["key"]) for m in _FACT.finditer(expression))
    facts = tuple(dict.fromkeys(found))
    if not facts:
        raise BadCondition(f"asks for no answer and no score; {SHAPE}")
    return facts


def holds(expression: str, known: Known) -> bool | None:
    """Whether the rule holds; None while that hangs on what is missing.

    Raises BadCondition for values that the expression cannot be computed with.
    """
    facts = facts_in(expression)
    if not any(fact in known for fact in facts):
        return None
    context: dict[str, dict[str, Any]] = {ANSWERS: {}, SCORES: {}}
    for fact in facts:
        if fact in known:
            context[fact.kind][fact.name] = known[fact]
    try:
        value = compiled(expression).execute(context)
    except KeyError:
        return None  # CEL fails on what is missing unless the other side decides
    except (TypeError, ValueError, RuntimeError) as error:
        why = str(error).split(". ", 1)[0]
        raise BadCondition(f"'{expression[:60]}' cannot be evaluated: {why}"[:300]) from None
    if not isinstance(value, bool):
        raise BadCondition(f"'{expression[:60]}' is no condition: it gives {value!r}"[:200])
    return value


def problems(protocol: Protocol, instruments: Mapping[str, Instrument]) -> Iterator[Found]:
    """Everything that keeps the protocol's safety rules from being used."""
    for i, rule in enumerate(protocol.safety):
        asked = _asked(rule.instrument, protocol, instruments)
        if not asked:
            yield ("safety", i, "instrument"), f"no wave asks '{rule.instrument}'"
        for what in dict.fromkeys(what for each in asked for what in _rule_problems(rule, each)):
            yield ("safety", i, "when"), what


def _asked(
    code: str, protocol: Protocol, instruments: Mapping[str, Instrument]
) -> list[Instrument]:
    """Every version of the instrument that a wave asks."""
    refs = dict.fromkeys(ref for wave in protocol.waves for ref in wave.instruments)
    return [instruments[r] for r in refs if r.split("@")[0] == code and r in instruments]


def _rule_problems(rule: SafetyRule, instrument: Instrument) -> Iterator[str]:
    try:
        facts = facts_in(rule.when)
        unknown = list(_unknown(facts, instrument))
        yield from unknown
        if not unknown and not _can_hold(rule.when, facts, instrument):
            yield f"no answers to '{instrument.ref}' can make this true, so nobody is ever told"
    except BadCondition as error:
        yield str(error)


def _unknown(facts: Sequence[Fact], instrument: Instrument) -> Iterator[str]:
    for fact in facts:
        is_item = fact.kind == ANSWERS
        names = instrument.by_code if is_item else instrument.scale_by_code
        if fact.name not in names:
            what, known = "item" if is_item else "scale", ", ".join(names) or "none"
            yield f"'{instrument.ref}' has no {what} '{fact.name}'; known are {known}"


def _can_hold(expression: str, facts: Sequence[Fact], instrument: Instrument) -> bool:
    """Whether somebody could meet the rule; tries it, so that odd operations are found."""
    values = [_values(fact, expression, instrument) for fact in facts]
    is_met = False
    for n, chosen in enumerate(product(*values)):
        if n >= MOST_WORLDS:
            break
        is_met |= holds(expression, dict(zip(facts, chosen, strict=True))) is True
    return is_met or prod(map(len, values)) > MOST_WORLDS


def _values(fact: Fact, expression: str, instrument: Instrument) -> Sequence[Value]:
    """What the fact may be: the codes that can be chosen, or values near what it is compared with."""
    numbers = [value for value in near(expression) if isinstance(value, float)]
    if fact.kind == SCORES:
        return numbers
    item = instrument.by_code[fact.name]
    if item.kind == "text":
        return [value for value in words(expression) if isinstance(value, str)]
    codes = [float(o.code) for o in instrument.options_of(item) if not o.missing]
    if codes:
        return codes
    lowest, highest = instrument.range_of(item) or (float("-inf"), float("inf"))
    return [value for value in numbers if lowest <= value <= highest] or [lowest]
