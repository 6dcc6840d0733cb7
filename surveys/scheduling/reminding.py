"""Fewer reminders, as a participant asked for: which of an occasion's are not sent. Pure.

The planner marks what it plans, and `underway` what hangs on occasions that are open already. A
marked reminder has a row like any other, cancelled with its reason, so that it can come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from surveys.scheduling.existing import ExistingMessage, ExistingOccasion
from surveys.scheduling.planned import Intent, PlannedMessage
from surveys.scheduling.states import MessageKind, MessageState, WhyNot

OUT = (MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN, MessageState.BOUNCED)
ASKED_FOR = "asked_for"  # in an occasion's `local`: the numbers of reminders promised on request


@dataclass(frozen=True, slots=True)
class Reminding:
    """At most how many reminders of an occasion one person wants; None means all.

    One that they asked for, such as after a snooze, does not count and is sent all the same.
    """

    most: int | None = None

    def marked(
        self,
        messages: Iterable[PlannedMessage],
        *,
        n_out: int = 0,
        asked_for: Collection[int] = (),
    ) -> Iterator[PlannedMessage]:
        """The messages in order, each reminder that is one too many with the reason for it."""
        left = None if self.most is None else self.most - n_out
        for message in messages:
            if left is None or not _counts(message, asked_for):
                yield message
            elif left > 0:
                left -= 1
                yield message
            else:
                yield message._replace(why_not=WhyNot.FEWER_REMINDERS)


def n_out(row: ExistingOccasion) -> int:
    """How many reminders of an occasion went out, or may have."""
    return sum(m.state in OUT and _counts(m, asked_for(row.local)) for m in row.messages)


def asked_for(local: Intent) -> Collection[int]:
    """The numbers of an occasion's reminders that somebody asked for."""
    numbers: list[int] = local.get(ASKED_FOR, [])
    return numbers


def _counts(message: ExistingMessage | PlannedMessage, asked_for: Collection[int]) -> bool:
    return message.kind == MessageKind.REMINDER and message.nth not in asked_for
