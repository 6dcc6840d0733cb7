"""What a pause or a snooze does to messages: none before it ends, in order, before the close. Pure.

The planner puts off what it plans, and `under_way` what hangs on occasions that are open already.
Either keeps the moments that were planned in `local["put_off"]`, so that whoever comes back early
gets them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from surveys.design import schedule
from surveys.scheduling.planned import Intent

PAUSED = "paused"
PAUSED_THROUGH = "paused_through"
SNOOZED = "snoozed"
PUT_OFF = "put_off"
STORY = ("paused_until", "snoozed_until", "waits_in")

MessageKey: TypeAlias = tuple[str, int]  # kind, nth
Dues: TypeAlias = Mapping[MessageKey, datetime]
QuietHours: TypeAlias = tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Postponement:
    """Until when one person's messages wait: the first day after a pause, the end of a snooze."""

    zone: str
    quiet_hours: QuietHours = None
    paused_until: date | None = None
    snoozed_until: datetime | None = None
    pause_ends_at: datetime | None = field(init=False)  # the first instant of that day

    def __post_init__(self) -> None:
        day = self.paused_until
        ends_at = schedule.instant(day, time.min, self.zone) if day else None
        object.__setattr__(self, "pause_ends_at", ends_at)

    def reaches(self, moment: datetime) -> bool:
        """Whether a message due at `moment` has to wait."""
        return any(moment < end for end in (self.pause_ends_at, self.snoozed_until) if end)

    def is_through(self, closes_at: datetime | None) -> bool:
        """Whether a window is over before the pause is."""
        ends_at = self.pause_ends_at
        return bool(closes_at and ends_at and closes_at <= ends_at)

    def put_off(self, dues: Dues, closes_at: datetime) -> dict[MessageKey, datetime]:
        """The due moments that remain, in order; what would come too late is left out.

        After a pause a message keeps its time of day. An invitation goes at the worst at the
        moment the pause ends, if the window outlasts that, since nobody could answer without it.
        """
        found: dict[MessageKey, datetime] = {}
        last: datetime | None = None
        for (kind, nth), due in sorted(dues.items(), key=_in_order):
            moments = list(self._moments(due)) if self.reaches(due) else [due]
            offered = moments if kind == "invitation" else moments[:1]
            at = next((moment for moment in offered if moment < closes_at), None)
            if at is not None and (last is None or at > last):
                found[kind, nth] = last = at
        return found

    def told_in(self, local: Intent, dues: Dues, wanted: Dues) -> Intent:
        """The intent with what waits: the moments that were planned, and why they are others."""
        guards = [guard for guard, is_on in self._guards(dues) if is_on]
        guards += [f"{kind}_{nth}_put_off" for kind, nth in dues if (kind, nth) not in wanted]
        planned = {f"{kind} {nth}": due.isoformat() for (kind, nth), due in dues.items()}
        before = untold(local)
        return {
            **before,
            **self.story(),
            PUT_OFF: planned,
            "guards": [*before.get("guards", ()), *guards],
        }

    def told_through(self, local: Intent) -> Intent:
        """The intent of an occasion whose whole window the pause takes."""
        guards = [*local.get("guards", ()), PAUSED_THROUGH]
        return {**local, **self.story(), "guards": guards}

    def _guards(self, dues: Dues) -> Iterator[tuple[str, bool]]:
        for guard, end in ((PAUSED, self.pause_ends_at), (SNOOZED, self.snoozed_until)):
            yield guard, end is not None and any(due < end for due in dues.values())

    def is_running(self, now: datetime) -> bool:
        """Whether the pause or the snooze lasts at `now`."""
        return self.reaches(now)

    def story(self) -> dict[str, str]:
        """What `local` keeps of the pause and the snooze themselves; empty without either."""
        told = {}
        if self.paused_until:
            told["paused_until"] = self.paused_until.isoformat()
        if self.snoozed_until:
            told["snoozed_until"] = self.snoozed_until.astimezone(UTC).isoformat()
        return told | {"waits_in": self.zone} if told else told

    def _moments(self, due: datetime) -> Iterator[datetime]:
        """When a message could go instead, the best first."""
        first = max(end for end in (self.pause_ends_at, self.snoozed_until) if end)
        wished = first
        if self.paused_until and self.pause_ends_at and due < self.pause_ends_at:
            _, at = schedule.local(due, self.zone)
            wished = max(first, schedule.instant(self.paused_until, at, self.zone))
        yield schedule.quiet(wished, self.quiet_hours, self.zone)
        yield schedule.quiet(first, self.quiet_hours, self.zone)
        yield first


def _in_order(planned: tuple[MessageKey, datetime]) -> tuple[str, datetime, int]:
    """The invitation first; a reminder that was asked for may come before planned ones."""
    (kind, nth), due = planned
    return kind, due, nth


def untold(local: Intent) -> Intent:
    """The intent without what a pause or a snooze has put into it."""
    kept = {name: value for name, value in local.items() if name not in {*STORY, PUT_OFF}}
    guards = [guard for guard in kept.get("guards", ()) if not _is_ours(guard)]
    return (
        {**kept, "guards": guards} if guards else {k: v for k, v in kept.items() if k != "guards"}
    )


def story_in(local: Intent) -> dict[str, str]:
    """The story by which the messages of this intent were put off; empty when none were."""
    return {name: local[name] for name in STORY if name in local} if PUT_OFF in local else {}


def planned_dues(local: Intent) -> dict[MessageKey, datetime] | None:
    """The moments that were planned before anything was put off; None when nothing was."""
    if PUT_OFF not in local:
        return None
    keys = ((key.split(), due) for key, due in local[PUT_OFF].items())
    return {(kind, int(nth)): datetime.fromisoformat(due) for (kind, nth), due in keys}


def _is_ours(guard: str) -> bool:
    return guard in {PAUSED, PAUSED_THROUGH, SNOOZED} or guard.endswith("_put_off")
