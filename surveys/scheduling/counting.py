"""How much a change of plans changes, in all and wave by wave. Pure.

Replanning, the preview of an amendment and the reconciler count with these, so that their numbers
mean the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from surveys.scheduling.changes import PlanChange


@dataclass(frozen=True)
class PlanCounts:
    """How many occasions a replan created, moved to other moments, and so on; the rest it kept."""

    created: int = 0
    moved: int = 0
    cancelled: int = 0
    revived: int = 0
    excluded: int = 0
    kept: int = 0

    def __add__(self, other: PlanCounts) -> PlanCounts:
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return PlanCounts(*(mine + theirs for mine, theirs in pairs))

    @property
    def changes(self) -> dict[str, Any]:
        """What changed, by name, without the zeros."""
        return {name: n for name, n in asdict(self).items() if n and name != "kept"}

    @classmethod
    def of(cls, change: PlanChange) -> PlanCounts:
        """Count one person's change; a new explanation of an unchanged moment counts as kept."""
        return cls(**Counter(what for _, what in _fates(change)))


def by_wave(change: PlanChange) -> dict[str, PlanCounts]:
    """The counts of each wave that the person has or shall have."""
    counted: dict[str, Counter[str]] = {}
    for wave, what in _fates(change):
        counted.setdefault(wave, Counter())[what] += 1
    return {wave: PlanCounts(**counts) for wave, counts in counted.items()}


def _fates(change: PlanChange) -> Iterator[tuple[str, str]]:
    """Each occasion's wave, and the name of the count that it belongs to."""
    yield from ((planned.wave, "created") for planned in change.create)
    yield from ((row.wave, "cancelled") for row in change.cancel)
    yield from ((one.before.wave, "revived") for one in change.revive)
    yield from ((one.before.wave, "excluded") for one in change.exclude)
    yield from ((one.before.wave, "moved" if one.is_shift else "kept") for one in change.move)
    yield from ((row.wave, "kept") for row in change.keep)
