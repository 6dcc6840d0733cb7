"""The difference between the messages that an occasion has and those that it shall have. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from surveys.scheduling.existing import ExistingMessage, ExistingOccasion
from surveys.scheduling.planned import PlannedMessage
from surveys.scheduling.states import MessageState, WhyNot

BY_THE_PLAN = frozenset(
    {
        "", WhyNot.REPLANNED, WhyNot.PAUSED, WhyNot.SNOOZED, WhyNot.CONDITION, WhyNot.WITHDRAWN,
        WhyNot.FEWER_REMINDERS,
    }
)  # fmt: skip
"""Why planning cancels; what was cancelled for another reason does not come back with the plan."""


class Dated(NamedTuple):
    """An existing message and the moment it shall be due."""

    message: ExistingMessage
    due_at: datetime


@dataclass(frozen=True, slots=True)
class MessageChange:
    """What happens to the messages of one occasion."""

    create: tuple[PlannedMessage, ...] = ()
    move: tuple[Dated, ...] = ()
    cancel: tuple[ExistingMessage, ...] = ()
    revive: tuple[Dated, ...] = ()
    redate: tuple[Dated, ...] = ()  # of who wants no mails: for the day they want them again
    unwanted: tuple[ExistingMessage, ...] = ()  # to cancel, because they want fewer reminders

    def __bool__(self) -> bool:
        parts = (self.create, self.move, self.cancel, self.revive, self.redate, self.unwanted)
        return any(parts)


def compare_messages(row: ExistingOccasion, target: Iterable[PlannedMessage]) -> MessageChange:
    """The set difference of one occasion's messages, by kind and number."""
    planned = {(message.kind, message.nth): message for message in target}
    wanted = {key: message for key, message in planned.items() if not message.why_not}
    present = {(message.kind, message.nth): message for message in row.messages}
    due = {key: m for key, m in present.items() if m.state == MessageState.DUE}
    both = [(present[key], wanted[key].due_at) for key in wanted if key in present]
    return MessageChange(
        create=tuple(message for key, message in planned.items() if key not in present),
        move=_dated(both, MessageState.DUE, unless_same=True),
        cancel=tuple(message for key, message in due.items() if key not in planned),
        unwanted=tuple(m for key, m in due.items() if key in planned and key not in wanted),
        revive=_dated(
            [(m, due_at) for m, due_at in both if m.why_not in BY_THE_PLAN], MessageState.CANCELLED
        ),
        redate=_dated(
            [(m, due_at) for m, due_at in both if m.why_not == WhyNot.UNSUBSCRIBED],
            MessageState.CANCELLED,
            unless_same=True,
        ),
    )


def _dated(
    pairs: Iterable[tuple[ExistingMessage, datetime]], state: str, *, unless_same: bool = False
) -> tuple[Dated, ...]:
    return tuple(
        Dated(message, due_at)
        for message, due_at in pairs
        if message.state == state and not (unless_same and message.due_at == due_at)
    )
