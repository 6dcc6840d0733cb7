"""Trying an expression with made-up values before anybody's answers meet it. Pure.

Called by the checks of protocols and instruments: what cannot be known from the definitions, such
as how two operators meet, is found by evaluating.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import TypeAlias

from surveys.lib.draws import draw
from surveys.lib.expressions import Fact, Value, decided, facts_in

MOST_WORLDS = 256  # that a check tries; eight waves and their every combination
_NUMBER = re.compile(r"(?<![\w.\"'])-?\d+(?:\.\d+)?")
STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")

World: TypeAlias = tuple[tuple[Fact, Value], ...]
Choices: TypeAlias = Mapping[Fact, Sequence[Value]]


def try_all(expression: str, choices: Choices) -> None:
    """Raise BadCondition when the condition cannot be evaluated for somebody."""
    is_all = len(choices) == len(facts_in(expression))
    for world in worlds(choices):
        decided(expression, world, is_all=is_all)


def worlds(choices: Choices) -> list[World]:
    """People who differ in the facts: all of them, or some when there would be too many."""
    if prod(map(len, choices.values())) <= MOST_WORLDS:
        return [tuple(zip(choices, chosen, strict=True)) for chosen in product(*choices.values())]
    # Among many facts one is nearly always missing by chance, so half of these people have them all.
    there = {fact: [each for each in some if each is not None] for fact, some in choices.items()}
    return [_drawn(n, choices if n % 2 else there) for n in range(MOST_WORLDS)]


def _drawn(n: int, choices: Choices) -> World:
    return tuple(
        (fact, some[int(draw("world", n, fact) * len(some))]) for fact, some in choices.items()
    )


def near(expression: str) -> tuple[Value, ...]:
    """Numbers around those that the expression names, and none."""
    limits = [float(text) for text in _NUMBER.findall(expression)] or [0.0]
    return (*sorted({limit + step for limit in limits for step in (-1.0, 0.0, 1.0)}), None)


def words(expression: str) -> tuple[Value, ...]:
    """Texts, those that the expression names among them, and none."""
    named = ("".join(match) for match in STRING.findall(expression))
    return tuple(dict.fromkeys(["words", *named, None]))
