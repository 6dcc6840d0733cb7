"""Life cycles as tables: which moves are legal, and the diagram drawn from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class IllegalMove(ValueError):
    """A state change that the life cycle does not have."""


@dataclass(frozen=True)
class LifeCycle:
    """`moves` maps (from, to) to the reason for the move, in words for the docs."""

    name: str
    moves: Mapping[tuple[str, str], str]

    def check(self, before: str, after: str) -> None:
        """Raise IllegalMove unless `before` may become `after`."""
        if (before, after) not in self.moves:
            raise IllegalMove(f"{self.name}: {before} cannot become {after}")

    def sources(self, after: str) -> list[str]:
        """The states that may become `after`; the guard of conditional updates."""
        return [before for before, target in self.moves if target == after]

    def mermaid(self) -> str:
        """The diagram for the docs."""
        lines = ["stateDiagram-v2"]
        lines += [f"    {a} --> {b}: {why}" for (a, b), why in self.moves.items()]
        return "\n".join(lines) + "\n"
