"""Conditions of a protocol in CEL, such as "baseline.completed && !m3.completed". Pure.

Three-valued: a fact that is None is not known yet, and a condition is None until what is known
decides it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, product

import cel

Facts = Mapping[str, Mapping[str, object]]
FACTS_OF_A_WAVE = ("completed",)
MOST_WORLDS = 256  # that a check tries; eight waves and their every combination

_PRESENCE = re.compile(r"\bhas\s*\(")


class BadCondition(ValueError):
    """The expression is no CEL, or asks for what there is not."""


def names_in(expression: str) -> tuple[str, ...]:
    """What the expression refers to, such as wave codes; raises BadCondition when it is no CEL."""
    return tuple(_compiled(expression).variables())


def evaluate(expression: str, facts: Facts) -> bool | None:
    """Whether the condition holds; None while it hangs on a fact that is None.

    Raises BadCondition when a name or fact is missing altogether, or the value is no truth value.
    """
    known = []
    for name in names_in(expression):
        if name not in facts:
            raise BadCondition(f"'{expression}': nothing is known as '{name}'")
        known.append((name, tuple(facts[name].items())))
    return _decided(expression, tuple(known))


def problems(expression: str, waves: Iterable[str]) -> Iterator[str]:
    """What is wrong with a condition over these waves, tried in every combination of outcomes."""
    try:
        names = names_in(expression)
    except BadCondition as error:
        yield str(error)
        return
    known = set(waves)
    unknown = [name for name in names if name not in known]
    yield from (f"'{name}' is no earlier wave that the protocol plans" for name in unknown)
    if unknown:
        return
    for outcomes in islice(product((False, True), repeat=len(names)), MOST_WORLDS):
        try:
            evaluate(
                expression, {n: {"completed": o} for n, o in zip(names, outcomes, strict=True)}
            )
        except BadCondition as error:
            yield str(error)
            return


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> cel.Program:
    if _PRESENCE.search(expression):
        raise BadCondition("'has()' is not needed: what is not known yet leaves a condition open")
    try:
        return cel.compile(expression)
    except (ValueError, RecursionError) as error:
        detail = re.search(r"1:(\d+): (?:Syntax error: )?([^\n]+)", str(error))
        where = f" at character {detail[1]}: {detail[2]}" if detail else ""
        raise BadCondition(f"'{expression[:60]}' is no CEL expression{where}") from None


@lru_cache(maxsize=1 << 14)
def _decided(
    expression: str, facts: tuple[tuple[str, tuple[tuple[str, object], ...]], ...]
) -> bool | None:
    # What is not known yet is left out: CEL then fails, unless the other side decides.
    known = {name: {k: v for k, v in items if v is not None} for name, items in facts}
    open_facts = {k for _, items in facts for k, v in items if v is None}
    try:
        value = _compiled(expression).execute(known)
    except KeyError as error:
        if error.args[0] in open_facts:
            return None
        raise BadCondition(
            f"there is no '{error.args[0]}'; known of a wave is {', '.join(FACTS_OF_A_WAVE)}"
        ) from None
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadCondition(f"'{expression[:60]}' cannot be evaluated: {error}") from None
    if not isinstance(value, bool):
        raise BadCondition(f"'{expression[:60]}' is no condition: it gives {value!r}"[:200])
    return value
