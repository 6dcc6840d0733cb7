"""Random draws that follow from their parts alone: nothing is stored, everything comes again. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def draw(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`: the source of all random times."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)


def shuffled(values: Sequence[T], *parts: object) -> tuple[T, ...]:
    """The values in an order that depends on nothing but `parts` (Fisher-Yates, written out)."""
    order = list(values)
    for last in range(len(order) - 1, 0, -1):
        other = int(draw(*parts, last) * (last + 1))
        order[last], order[other] = order[other], order[last]
    return tuple(order)
