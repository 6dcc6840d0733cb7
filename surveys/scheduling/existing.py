"""What exists of a plan: occasions and messages as far as planning looks at their rows. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from surveys.scheduling.planned import Intent, Key
from surveys.scheduling.states import MessageState, OccasionState

UNTAKEN = (MessageState.DUE, MessageState.CANCELLED)


class ExistingMessage(NamedTuple):
    """A message's row, as far as planning looks at it."""

    id: UUID
    kind: str
    nth: int
    state: str
    due_at: datetime
    why_not: str = ""


class ExistingOccasion(NamedTuple):
    """An occasion's row and its messages, as far as planning looks at them."""

    id: UUID
    wave: str
    nth: int
    state: str
    cause: str
    opens_at: datetime | None
    closes_at: datetime | None
    ended_at: datetime | None
    local: Intent
    snoozed_until: datetime | None = None
    messages: tuple[ExistingMessage, ...] = ()

    @property
    def key(self) -> Key:
        """What makes the occasion one of a kind for its participant."""
        return self.wave, self.nth

    def is_over(self, now: datetime) -> bool:
        """Whether its window has closed, found by a sweep or not."""
        return self.closes_at is not None and self.closes_at <= now

    def is_due(self, now: datetime) -> bool:
        """Whether its window has begun, found by a sweep or not."""
        return self.opens_at is not None and self.opens_at <= now

    @property
    def is_settled(self) -> bool:
        """Whether it is planned and yet has a history: a worker has taken one of its messages."""
        return self.state == OccasionState.PLANNED and any(
            message.state not in UNTAKEN for message in self.messages
        )

    def is_ahead(self, now: datetime) -> bool:
        """Whether it is planned and still to come, without a history that must stand."""
        return self.state == OccasionState.PLANNED and not self.is_over(now) and not self.is_settled
