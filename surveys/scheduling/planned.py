"""A plan as planning wants it: occasions and their messages, before they are rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

Intent: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, int]  # wave, nth


class PlannedMessage(NamedTuple):
    """One invitation or reminder that the plan wants; with `why_not` it is not to be sent."""

    kind: str
    nth: int
    due_at: datetime
    why_not: str = ""


class PlannedOccasion(NamedTuple):
    """One cell of the plan. With a `cause` it is not asked; without `opens_at` not dated yet.

    `local` is the intent and its story, as JSON: day, at, zone, rule, the anchor's day, guards.
    """

    wave: str
    nth: int
    cause: str
    opens_at: datetime | None
    closes_at: datetime | None
    local: Intent
    messages: tuple[PlannedMessage, ...]

    @property
    def key(self) -> Key:
        """What makes the occasion one of a kind for its participant."""
        return self.wave, self.nth
