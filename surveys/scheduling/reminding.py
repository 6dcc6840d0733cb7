"""Fewer reminders, as a participant asked for: which of an occasion's are not sent. Pure.

The planner marks what it plans, and `underway` what hangs on occasions that are open already. A
marked reminder has a row like any other, cancelled with its reason, so that it can come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.planned import PlannedMessage
from surveys.scheduling.postponing import MessageKey
from surveys.scheduling.states import MessageKind, MessageState, WhyNot

OUT = (MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN, MessageState.BOUNCED)


@dataclass(frozen=True, slots=True)
class Reminding:
    """At most how many reminders of an occasion one person wants; None means all.

    `n_planned` says how many each wave has by the study. What has a higher number was promised on
    request, such as after a snooze, and is sent all the same.
    """

    most: int | None = None
    n_planned: Mapping[str, int] = field(default_factory=dict)

    def marked(
        self,
        wave: str,
        messages: Iterable[PlannedMessage],
        *,
        n_out: int = 0,
        waiting: Collection[MessageKey] = (),
    ) -> Iterator[PlannedMessage]:
        """The messages in order, each reminder that is one too many with the reason for it.

        Those that wait for the end of the wish were planned, though a newer version may have fewer.
        """
        left = None if self.most is None else self.most - n_out
        for message in messages:
            is_counted = self._counts(wave, message.kind, message.nth)
            is_counted |= (message.kind, message.nth) in waiting
            if left is None or not is_counted:
                yield message
            elif left > 0:
                left -= 1
                yield message
            else:
                yield message._replace(why_not=WhyNot.FEWER_REMINDERS)

    def n_out(self, row: ExistingOccasion) -> int:
        """How many reminders of an occasion went out, or may have."""
        return sum(m.state in OUT and self._counts(row.wave, m.kind, m.nth) for m in row.messages)

    def _counts(self, wave: str, kind: str, nth: int) -> bool:
        return kind == MessageKind.REMINDER and nth <= self.n_planned.get(wave, 0)
