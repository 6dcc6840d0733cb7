"""How one person's plan differs from the plan that is asked for, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from surveys.scheduling.comparing import Compared
from surveys.scheduling.counting import PlanCounts

TOLD = 5  # differences of one person that are kept in words


@dataclass(frozen=True)
class Difference:
    """One occasion: what is to be done with it, and its opening as it is and as it should be."""

    wave: str
    nth: int
    what: str
    before: str | None = None  # ISO, UTC
    after: str | None = None


@dataclass(frozen=True)
class Drift:
    """Whose plan differs, and how; with an `error`, it cannot be planned at all."""

    code: str
    counts: dict[str, int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the check's row keeps it."""
        return asdict(self)


def drift_of(compared: Compared) -> Drift | None:
    """The drift of one person; None when all moments and messages are as they should be.

    A mere difference of explanations is none: nobody would be asked at another moment.
    """
    counts = dict(PlanCounts.of(compared.change).changes)
    if compared.delays:
        counts["delayed"] = len(compared.delays)
    if not counts:
        return None
    told = tuple(islice(_differences(compared), TOLD))
    return Drift(compared.dossier.facts.code, counts, told)


def _differences(compared: Compared) -> Iterator[Difference]:
    change = compared.change
    for planned in change.create:
        yield Difference(planned.wave, planned.nth, "created", None, _iso(planned.opens_at))
    for what, changes in (("moved", change.move), ("revived", change.revive)):
        for one in changes:
            if what == "revived" or one.is_shift:
                moments = _iso(one.before.opens_at), _iso(one.after.opens_at)
                yield Difference(*one.before.key, what, *moments)
    for one in change.exclude:
        yield Difference(*one.before.key, "excluded", _iso(one.before.opens_at))
    for row in change.cancel:
        yield Difference(*row.key, "cancelled", _iso(row.opens_at))
    for delay in compared.delays:
        yield Difference(*delay.before.key, "delayed", _iso(delay.before.opens_at))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
