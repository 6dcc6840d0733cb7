"""Occasions that are open while somebody pauses or snoozes: their messages wait. Pure.

`replanning` writes the difference. Replanning leaves an open occasion alone in all other ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from surveys.scheduling.changes import ExistingOccasion, MessageChange, compare_messages
from surveys.scheduling.planner import Intent, PlannedMessage
from surveys.scheduling.postponing import (
    PAUSED,
    PAUSED_THROUGH,
    Postponement,
    planned_dues,
    story_in,
    untold,
)
from surveys.scheduling.states import MessageState, OccasionState, WhyNot

OPEN = (OccasionState.OPEN, OccasionState.STARTED)
WAITING = (MessageState.DUE, MessageState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Delay:
    """One open occasion whose messages are put off, or come back."""

    before: ExistingOccasion
    local: Intent
    messages: MessageChange
    why_not: WhyNot  # of the messages that would come too late now


def delays(rows: Iterable[ExistingOccasion], pause: Postponement, now: datetime) -> list[Delay]:
    """What must be written so that nothing is due before the pause and the snoozes are over."""
    under_way = (row for row in rows if is_under_way(row, now))
    found = (_delay(row, replace(pause, snoozed_until=row.snoozed_until), now) for row in under_way)
    return [delay for delay in found if delay]


def is_under_way(row: ExistingOccasion, now: datetime) -> bool:
    """Whether its window runs, found by a sweep or not; one that a pause keeps shut does not."""
    if row.is_over(now):
        return False
    is_kept_shut = PAUSED_THROUGH in row.local.get("guards", ())
    is_to_open = row.state == OccasionState.PLANNED and row.is_due(now) and not is_kept_shut
    return row.state in OPEN or is_to_open


def _delay(row: ExistingOccasion, wait: Postponement, now: datetime) -> Delay | None:
    planned = planned_dues(row.local)
    if planned is None and not wait.is_running(now):
        return None
    if planned is not None and wait.story() == story_in(row.local):
        return None  # put off already; spacing may have moved it on since
    states = {(message.kind, message.nth): message.state for message in row.messages}
    if planned is None:
        planned = {(m.kind, m.nth): m.due_at for m in row.messages if m.state == MessageState.DUE}
    dues = {key: due for key, due in planned.items() if states.get(key, "due") in WAITING}
    wanted, local = dues, untold(row.local)
    if row.closes_at and any(wait.reaches(due) for due in dues.values()):
        wanted = wait.put_off(dues, row.closes_at)
        local = wait.told_in(row.local, planned, wanted)
    messages = compare_messages(row, [PlannedMessage(*key, due) for key, due in wanted.items()])
    if local == row.local and not messages:
        return None
    why_not = WhyNot.PAUSED if PAUSED in local.get("guards", ()) else WhyNot.SNOOZED
    return Delay(row, local, messages, why_not)
