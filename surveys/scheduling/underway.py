"""Occasions that are open while somebody pauses, snoozes or wants fewer reminders. Pure.

`replanning` writes the difference. Replanning leaves an open occasion alone in all other ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.message_changes import MessageChange, compare_messages
from surveys.scheduling.planned import Intent, PlannedMessage
from surveys.scheduling.postponing import (
    PAUSED,
    PAUSED_THROUGH,
    Dues,
    MessageKey,
    Postponement,
    planned_dues,
    story_in,
    untold,
)
from surveys.scheduling.reminding import Reminding, asked_for, n_out
from surveys.scheduling.states import MessageKind, MessageState, OccasionState, WhyNot

OPEN = (OccasionState.OPEN, OccasionState.STARTED)
WAITING = (MessageState.DUE, MessageState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Delay:
    """One open occasion whose messages are put off, are not wanted, or come back."""

    before: ExistingOccasion
    local: Intent
    messages: MessageChange
    why_not: WhyNot  # of the messages that would come too late now


def delays(
    rows: Iterable[ExistingOccasion], pause: Postponement, reminding: Reminding, now: datetime
) -> list[Delay]:
    """What must be written so that nothing is due before the pause and the snoozes are over.

    Nor any reminder that the person does not want.
    """
    under_way = (row for row in rows if is_under_way(row, now))
    found = (
        _delay(row, replace(pause, snoozed_until=row.snoozed_until), reminding, now)
        for row in under_way
    )
    return [delay for delay in found if delay]


def is_under_way(row: ExistingOccasion, now: datetime) -> bool:
    """Whether its window runs, found by a sweep or not; one that a pause keeps shut does not."""
    if row.is_over(now):
        return False
    is_kept_shut = PAUSED_THROUGH in row.local.get("guards", ())
    is_to_open = row.state == OccasionState.PLANNED and row.is_due(now) and not is_kept_shut
    return row.state in OPEN or is_to_open


def _delay(
    row: ExistingOccasion, wait: Postponement, reminding: Reminding, now: datetime
) -> Delay | None:
    told, unwanted = _told(row), _unwanted(row)
    if told is None and not wait.is_running(now):
        return _reminded(row, unwanted, reminding, now)
    states = {(message.kind, message.nth): message.state for message in row.messages}
    planned = {**unwanted, **(_due(row) if told is None else told)}
    dues = {key: due for key, due in planned.items() if states.get(key, "due") in WAITING}
    wanted, local = dues, untold(row.local)
    if row.closes_at and any(wait.reaches(due) for due in dues.values()):
        wanted = wait.put_off(dues, row.closes_at)
        local = wait.told_in(row.local, planned, wanted)
    ahead = {key: due for key, due in wanted.items() if key not in unwanted or due > now}
    if told is not None and wait.story() == story_in(row.local):
        # put off already, and spacing may have moved it on since
        back = {key: due for key, due in ahead.items() if key in unwanted}
        return _reminded(row, back, reminding, now)
    messages = _compared(row, ahead, reminding)
    if local == row.local and not messages:
        return None
    why_not = WhyNot.PAUSED if PAUSED in local.get("guards", ()) else WhyNot.SNOOZED
    return Delay(row, local, messages, why_not)


def _reminded(
    row: ExistingOccasion, back: Dues, reminding: Reminding, now: datetime
) -> Delay | None:
    """The wish alone: what is due, and of what was not wanted what is ahead and in its order."""
    due = _due(row)
    dues: dict[MessageKey, datetime] = {}
    for key, at in sorted({**back, **due}.items()):
        if key in due or at > max([now, *dues.values()]):
            dues[key] = at
    messages = _compared(row, dues, reminding)
    return Delay(row, row.local, messages, WhyNot.FEWER_REMINDERS) if messages else None


def _told(row: ExistingOccasion) -> Dues | None:
    """What was planned before anything was put off, and what somebody asked for since."""
    told, asked = planned_dues(row.local), asked_for(row.local)
    if told is None:
        return None
    since = {
        (kind, nth): due
        for (kind, nth), due in _due(row).items()
        if kind == MessageKind.REMINDER and nth in asked
    }
    return {**since, **told}


def _due(row: ExistingOccasion) -> Dues:
    return {(m.kind, m.nth): m.due_at for m in row.messages if m.state == MessageState.DUE}


def _unwanted(row: ExistingOccasion) -> Dues:
    """The reminders that wait for the end of the wish, and when they would be due."""
    return {
        (m.kind, m.nth): m.due_at
        for m in row.messages
        if m.state == MessageState.CANCELLED and m.why_not == WhyNot.FEWER_REMINDERS
    }


def _compared(row: ExistingOccasion, dues: Dues, reminding: Reminding) -> MessageChange:
    messages = [PlannedMessage(kind, nth, due) for (kind, nth), due in sorted(dues.items())]
    marked = reminding.marked(messages, n_out=n_out(row), asked_for=asked_for(row.local))
    return compare_messages(row, marked)
