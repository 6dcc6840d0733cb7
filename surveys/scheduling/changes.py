"""The difference between the plan that exists and the plan that is wanted. Pure.

Nothing in the past changes: an occasion that has opened, or whose window has come or gone, stays
as it is, and so does a message that a worker has taken. `replanning` writes the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from surveys.design import schedule
from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.message_changes import MessageChange, compare_messages
from surveys.scheduling.planned import Key, PlannedMessage, PlannedOccasion
from surveys.scheduling.postponing import PAUSED_THROUGH, QuietHours
from surveys.scheduling.states import Cause, OccasionState


@dataclass(frozen=True, slots=True)
class Change:
    """One existing occasion and what becomes of it."""

    before: ExistingOccasion
    after: PlannedOccasion
    messages: MessageChange

    @property
    def is_shift(self) -> bool:
        """Whether a moment changes, and not merely its explanation."""
        before, after = self.before, self.after
        same = (before.opens_at, before.closes_at) == (after.opens_at, after.closes_at)
        return not same or bool(self.messages)


@dataclass(slots=True)
class PlanChange:
    """The set difference, occasion by occasion; `keep` needs no writing."""

    create: list[PlannedOccasion] = field(default_factory=list)
    move: list[Change] = field(default_factory=list)
    cancel: list[ExistingOccasion] = field(default_factory=list)
    revive: list[Change] = field(default_factory=list)
    exclude: list[Change] = field(default_factory=list)
    keep: list[ExistingOccasion] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create or self.move or self.cancel or self.revive or self.exclude)


def diff(
    existing: Mapping[Key, ExistingOccasion],
    desired: Iterable[PlannedOccasion],
    now: datetime,
    quiet_hours: QuietHours = None,
) -> PlanChange:
    """What must be written so that the plan is as desired, as far as the past allows.

    Moments that lie in the past, by a late enrolment or a move to another zone: where the window
    is still open the occasion opens now; where it is over, the occasion keeps the moment it had, unless the next
    one of its wave would then come first, in which case it is let go and found missed. What comes
    back into the plan does so only while its window is ahead and the next one has not opened.
    """
    change = PlanChange()
    desired = [_late(occasion, now, quiet_hours) for occasion in desired]
    wanted = {occasion.key for occasion in desired}
    for row in existing.values():
        if row.key not in wanted:
            (change.cancel if row.is_ahead(now) else change.keep).append(row)
    for _, wave in groupby(reversed(desired), key=lambda occasion: occasion.wave):
        _compare_wave(change, existing, wave, now)
    change.create.reverse()
    return change


def _compare_wave(
    change: PlanChange,
    existing: Mapping[Key, ExistingOccasion],
    wave: Iterable[PlannedOccasion],
    now: datetime,
) -> None:
    """Compare from the last occasion to the first, so that each knows what follows it."""
    following: datetime | None = None  # when the next occasion of the wave opens
    for planned in wave:
        row = existing.get(planned.key)
        if row is None:
            change.create.append(planned)
            following = planned.opens_at or following
            continue
        fate = _fate(change, row, planned, now, following)
        if fate is None:
            change.keep.append(row)
            opens_at, closes_at = row.opens_at, row.closes_at
        else:
            bucket, target = fate
            bucket.append(Change(row, target, compare_messages(row, target.messages)))
            opens_at, closes_at = target.opens_at, target.closes_at
        if opens_at and closes_at and closes_at > now:
            following = opens_at


def _fate(
    change: PlanChange,
    row: ExistingOccasion,
    planned: PlannedOccasion,
    now: datetime,
    following: datetime | None,
) -> tuple[list[Change], PlannedOccasion] | None:
    """Which list the row goes to and what it shall be; None when it stays as it is."""
    if row.is_ahead(now):
        if planned.cause:
            return change.exclude, planned
        if row.is_due(now) and not _comes_back(row, planned):
            return None
        target = _placed(row, planned, now, following)
        is_same = _is_as(row, target) and not compare_messages(row, target.messages)
        return None if is_same else (change.move, target)
    if planned.cause:
        renamed = row.state == OccasionState.EXCLUDED and planned.cause != row.cause
        return (change.exclude, planned) if renamed and not row.is_due(now) else None
    came_back = row.state == OccasionState.EXCLUDED or (
        row.state == OccasionState.CANCELLED and row.cause == Cause.NOT_IN_VERSION
    )
    in_order = following is None or planned.opens_at is None or planned.opens_at <= following
    if came_back and in_order and not _is_over(planned, now):
        return change.revive, planned
    return None


def _placed(
    row: ExistingOccasion, planned: PlannedOccasion, now: datetime, following: datetime | None
) -> PlannedOccasion:
    """Where a planned occasion goes, or the place that it keeps with those messages still wanted."""
    keeps_order = following is None or (row.opens_at is not None and row.opens_at < following)
    if not _is_over(planned, now) or not row.opens_at or not keeps_order:
        return planned
    wanted = {(message.kind, message.nth): message.why_not for message in planned.messages}
    kept = [
        PlannedMessage(m.kind, m.nth, m.due_at, wanted[m.kind, m.nth])
        for m in row.messages
        if (m.kind, m.nth) in wanted
    ]
    return planned._replace(
        opens_at=row.opens_at, closes_at=row.closes_at, local=row.local, messages=tuple(kept)
    )


def _comes_back(row: ExistingOccasion, planned: PlannedOccasion) -> bool:
    """Whether a pause kept it from opening, and no longer does."""
    return PAUSED_THROUGH in row.local.get("guards", ()) and not _is_kept_shut(planned)


def _is_kept_shut(planned: PlannedOccasion) -> bool:
    return PAUSED_THROUGH in planned.local.get("guards", ())


def _late(planned: PlannedOccasion, now: datetime, quiet_hours: QuietHours) -> PlannedOccasion:
    """The occasion, opening now when its moment has passed; reminders that have passed fall away.

    `local` keeps the opening that was planned, from which its window counts.
    """
    opens_at, closes_at = planned.opens_at, planned.closes_at
    if opens_at is None or opens_at >= now or closes_at is None or closes_at <= now:
        return planned
    if _is_kept_shut(planned):
        return planned
    invitation, *reminders = planned.messages
    soon = max(invitation.due_at, now)
    due = schedule.quiet(soon, quiet_hours, planned.local["zone"])
    due = due if due < closes_at else soon
    guards = dict.fromkeys([*planned.local.get("guards", ()), "opened_late"])
    if due != soon:
        guards["quiet_hours"] = None
    return planned._replace(
        opens_at=now,
        local={**planned.local, "guards": list(guards), "planned_opening": opens_at.isoformat()},
        messages=(
            invitation._replace(due_at=due),
            *(reminder for reminder in reminders if reminder.due_at > due),
        ),
    )


def _is_over(planned: PlannedOccasion, now: datetime) -> bool:
    return planned.closes_at is not None and planned.closes_at <= now


def _is_as(row: ExistingOccasion, target: PlannedOccasion) -> bool:
    return (row.opens_at, row.closes_at, row.local) == (
        target.opens_at,
        target.closes_at,
        target.local,
    )
