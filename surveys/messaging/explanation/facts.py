"""What an explanation is made from: values that others have read. Nothing here names a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from surveys.scheduling.planned import Intent
from surveys.scheduling.states import MessageKind


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What holds for a person, their study and the platform at `now`, in study time.

    `pause_ends_at` is when the day `paused_until` begins where they live. `silent_since` and
    `next_try_at` are real time.
    """

    now: datetime
    zone: str
    withdrawn_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    paused_until: date | None = None
    pause_ends_at: datetime | None = None
    suppressed_since: datetime | None = None
    suppressed_by: str = ""
    is_study_paused: bool = False
    held_since: datetime | None = None
    held_for: str = ""
    silent_since: datetime | None = None
    next_try_at: datetime | None = None
    n_mails_of_day: int = 0
    cap: int = 6


@dataclass(frozen=True, kw_only=True)
class OccasionFacts:
    """One cell of the plan; `is_self_started` when no schedule but the participant starts it."""

    state: str
    cause: str = ""
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    snoozed_until: datetime | None = None
    link_opened_at: datetime | None = None
    is_self_started: bool = False
    local: Intent = field(default_factory=dict[str, Any])


class AttemptFacts(NamedTuple):
    """One try to hand a message over, in real time."""

    n: int
    began_at: datetime
    ended_at: datetime | None
    outcome: str
    reply: str


@dataclass(frozen=True, kw_only=True)
class MessageFacts:
    """One message of an occasion.

    `planned_at` is when the rule alone would send it. `rests_until` is set while it may not be
    tried (real time), `has_slot` when that is its place in its domain's pace. `waits_for` names
    the earlier message that has to be out first. `returned_at` and `returned` tell of a bounce.
    """

    id: UUID
    kind: str
    nth: int
    state: str
    due_at: datetime
    planned_at: datetime
    why_not: str = ""
    rests_until: datetime | None = None
    has_slot: bool = False
    sent_at: datetime | None = None
    waits_for: str = ""
    returned_at: datetime | None = None
    returned: str = ""
    attempts: tuple[AttemptFacts, ...] = ()

    @property
    def name(self) -> str:
        """As a sentence begins with it."""
        return "The invitation" if self.kind == MessageKind.INVITATION else f"Reminder {self.nth}"


class Case(NamedTuple):
    """One message in its circumstances."""

    situation: Situation
    occasion: OccasionFacts
    message: MessageFacts
