"""Expressions in CEL over what somebody did and answered, for protocols and instruments. Pure.

An expression may name three facts of a wave, and within an instrument its own answers and values:

    baseline.completed
    baseline.scores["mood-worry"].worry
    baseline.answers["demographics"].age
    answers.age
    values.years_together

`design.conditions` and `instruments.logic` say which of them may stand where. Three-valued: a fact that is not known yet leaves the condition None until what is known decides
it. A fact that stays missing for good (skipped, not scorable, not asked) does not meet a
condition, unless `has(...)` asks for it. Numbers are decimals, also where they are whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import cel

COMPLETED, SCORES, ANSWERS, VALUES = "completed", "scores", "answers", "values"
OWN = ""  # the wave of a fact about the instrument itself

_FACT = (
    r"""\b(?P<wave>[a-z]\w*)\s*\.\s*(?:(?P<completed>completed)\b"""
    r"""|(?P<kind>scores|answers)\s*\[\s*(?P<quote>["'])(?P<instrument>[^"'\n]*)(?P=quote)\s*\]"""
    r"""\s*(?:\.\s*(?P<name>[a-z]\w*)\b|\[\s*(?P<again>["'])(?P<key>\w+)(?P=again)\s*\]))"""
)
_OWN = r"(?<![\w.\"'])(?P<own>answers|values)\s*\.\s*(?P<own_name>[a-z]\w*)\b"
_FACT = rf"(?:{_OWN}|{_FACT})"  # answers.completed is an item, and no wave
_ONE_FACT = re.compile(_FACT)
_PRESENCE = re.compile(rf"\bhas\s*\(\s*{_FACT}\s*\)")
_HAS = re.compile(r"\bhas\s*\(")
# Loops over lists: a few of them within each other would keep a server busy for minutes.
_LOOP = re.compile(r"\b(all|exists|exists_one|existsOne|filter|map)(?:\s|//[^\n]*)*\(")
SHAPE = (
    "write '<wave>.completed', '<wave>.scores[\"<instrument>\"].<scale>' or "
    "'<wave>.answers[\"<instrument>\"].<item>'"
)

Value: TypeAlias = bool | float | str | None  # None: missing for good


class BadCondition(ValueError):
    """The expression is no CEL, or asks for what there is not."""


class Fact(NamedTuple):
    """One thing that an expression asks; `instrument` and `name` are empty for completion.

    Of the instrument itself `wave` is OWN and `instrument` is empty.
    """

    wave: str
    kind: str
    instrument: str = ""
    name: str = ""

    @property
    def root(self) -> str:
        """The variable that the expression begins with."""
        return self.wave or self.kind

    def __str__(self) -> str:
        if self.wave == OWN:
            return f"{self.kind}.{self.name}"
        if self.kind == COMPLETED:
            return f"{self.wave}.{self.kind}"
        return f'{self.wave}.{self.kind}["{self.instrument}"].{self.name}'


def names_in(expression: str) -> tuple[str, ...]:
    """What the expression refers to, such as wave codes; raises BadCondition when it is no CEL."""
    return tuple(compiled(expression).variables())


@lru_cache(maxsize=1024)
def facts_in(expression: str) -> tuple[Fact, ...]:
    """Every fact that the expression asks for; raises BadCondition when a wave is used otherwise."""
    names = names_in(expression)
    _refuse_other_uses(expression, names)
    return tuple(dict.fromkeys(_fact(match) for match in _ONE_FACT.finditer(expression)))


def own(item: str) -> Fact:
    """The answer to an item of the instrument itself."""
    return Fact(OWN, ANSWERS, name=item)


def fact_of(text: str) -> Fact:
    """The one fact that a text is the name of; raises BadCondition when it is anything else."""
    match = _ONE_FACT.fullmatch(text.strip())
    if match is None:
        raise BadCondition(f"'{text.strip()[:60]}' names no answer, score or value")
    return _fact(match)


def evaluate(expression: str, known: Mapping[Fact, Value]) -> bool | None:
    """Whether the condition holds; None while it hangs on a fact that `known` does not have.

    What cannot be computed, since an answer is missing or odd, does not hold. Raises BadCondition
    when the expression names something else than facts, or its value is no truth value.
    """
    facts = facts_in(expression)
    found = tuple((fact, known[fact]) for fact in facts if fact in known)
    if strange := set(names_in(expression)) - {fact.root for fact in facts}:
        raise BadCondition(f"'{expression}': nothing is known as '{min(strange)}'")
    try:
        return decided(expression, found, is_all=len(found) == len(facts))
    except CannotCompute:
        return False


class CannotCompute(BadCondition):
    """The operation is not defined for these values."""


@lru_cache(maxsize=1 << 14)
def decided(expression: str, known: tuple[tuple[Fact, Value], ...], *, is_all: bool) -> bool | None:
    """As `evaluate`, but raises CannotCompute; `is_all` when every fact is known or missing."""
    if not is_all and _asks_whether_there_is(expression, {fact for fact, _ in known}):
        return None
    try:
        value = result(expression, dict(known))
    except KeyError:
        # What is not known yet, or missing, is left out: CEL fails unless the other side decides.
        return False if is_all else None
    if not isinstance(value, bool):
        raise BadCondition(f"'{expression[:60]}' is no condition: it gives {value!r}"[:200])
    return value


def result(expression: str, known: Mapping[Fact, Value]) -> Any:
    """What the expression gives; raises KeyError when a fact is lacking, and CannotCompute."""
    try:
        return compiled(expression).execute(_context(facts_in(expression), known))
    except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
        why = str(error).split(". ", 1)[0]
        raise CannotCompute(f"'{expression[:60]}' cannot be evaluated: {why}") from None


@lru_cache(maxsize=1024)
def compiled(expression: str) -> cel.Program:
    """The expression, ready to be executed; raises BadCondition when it is no CEL."""
    try:
        return cel.compile(expression)
    except (ValueError, RecursionError) as error:
        detail = re.search(r"1:(\d+): (?:Syntax error: )?([^\n]+)", str(error))
        where = f" at character {detail[1]}: {detail[2]}" if detail else ""
        raise BadCondition(f"'{expression[:60]}' is no CEL expression{where}") from None


def _fact(match: re.Match[str]) -> Fact:
    if match["own"]:
        return Fact(OWN, match["own"], name=match["own_name"])
    if match["completed"]:
        return Fact(match["wave"], COMPLETED)
    return Fact(match["wave"], match["kind"], match["instrument"], match["name"] or match["key"])


def _refuse_other_uses(expression: str, names: tuple[str, ...]) -> None:
    """Raise where a wave stands for something else than a fact, and for loops over lists."""
    if loop := _LOOP.search(expression):
        raise BadCondition(f"'{loop[1]}()' goes through a list; write each comparison out")
    rest = _ONE_FACT.sub(" ", _PRESENCE.sub(_refuse_empty_presence, expression))
    if _HAS.search(rest):
        raise BadCondition(
            "'has()' asks for one score or answer, such as has(baseline.answers[\"demographics\"].age)"
        )
    waves = {match["wave"] or match["own"] for match in _ONE_FACT.finditer(expression)}
    for name in names:
        other = re.search(rf"(?<![\w.\"']){re.escape(name)}\s*\.\s*(\w+)", rest)
        if other:
            raise BadCondition(f"there is no '{other[1]}' to ask of '{name}'; {SHAPE}")
        if name in waves and re.search(rf"(?<![\w.\"']){re.escape(name)}\b", rest):
            raise BadCondition(f"'{name}' alone is no fact; {SHAPE}")


def _refuse_empty_presence(match: re.Match[str]) -> str:
    if match["completed"]:
        raise BadCondition(f"'has()' is not needed for '{match['wave']}.completed'")
    return " "


def _asks_whether_there_is(expression: str, known: set[Fact]) -> bool:
    """Whether a `has()` hangs on a fact that is not known yet."""
    return any(_fact(match) not in known for match in _PRESENCE.finditer(expression))


def _context(facts: tuple[Fact, ...], known: Mapping[Fact, Value]) -> dict[str, Any]:
    context: dict[str, Any] = {}
    for fact in facts:
        below = context.setdefault(fact.root, {})
        value = known.get(fact)
        if fact.kind != COMPLETED and fact.wave != OWN:
            below = below.setdefault(fact.kind, {}).setdefault(fact.instrument, {})
        if value is not None:
            below[fact.name or COMPLETED] = value
    return context
