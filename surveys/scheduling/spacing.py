"""No two messages to one person at the same moment, and no more in 24 hours than a study allows.

Pure; the planner calls it with one person's plan. The occasion that stands later in the protocol
gives way. A message that fits nowhere before its window closes keeps its moment: the claim then
holds it back, since it counts what was really sent.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from surveys.scheduling.planned import PlannedOccasion

APART = timedelta(minutes=30)  # between two messages that fall on the same moment
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)

Quiet = Callable[[datetime, str], datetime]  # a moment, or the end of the quiet hours it falls into


@dataclass
class Spacing:
    """The moments that one person's messages have taken; `cap` is the most in any 24 hours."""

    quiet: Quiet
    cap: int | None = None
    _taken: set[datetime] = field(default_factory=set)
    _in_order: list[datetime] = field(default_factory=list)  # only with a cap

    def spaced(self, plan: Sequence[PlannedOccasion]) -> Iterator[PlannedOccasion]:
        """The plan with its messages apart; guards name what moved them."""
        for occasion in plan:
            wanted = [message.due_at for message in occasion.messages if not message.why_not]
            if self.cap is None and self._taken.isdisjoint(wanted):  # nearly always
                self._taken.update(wanted)
                yield occasion
            else:
                yield self._moved(occasion)

    def _moved(self, occasion: PlannedOccasion) -> PlannedOccasion:
        guards = dict.fromkeys(occasion.local.get("guards", ()))
        messages = []
        for message in occasion.messages:
            if message.why_not:
                messages.append(message)
                continue
            due, found = self._place(message.due_at, occasion)
            self._take(due)
            guards.update(found)
            messages.append(message._replace(due_at=due))
        if len(guards) == len(occasion.local.get("guards", ())):
            return occasion
        local = {**occasion.local, "guards": list(guards)}
        return occasion._replace(messages=tuple(messages), local=local)

    def _place(
        self, wanted: datetime, occasion: PlannedOccasion
    ) -> tuple[datetime, dict[str, None]]:
        """When the message goes out, and what stood in the way of the moment it wanted."""
        due, closes_at = wanted, occasion.closes_at
        found: dict[str, None] = {}
        while obstacle := self._obstacle(due):
            why, free = obstacle
            found[why] = None
            due = self.quiet(free, occasion.local["zone"])
            if closes_at is None or due >= closes_at:
                return wanted, found
        return due, found

    def _take(self, due: datetime) -> None:
        self._taken.add(due)
        if self.cap is not None:
            insort(self._in_order, due)

    def _obstacle(self, due: datetime) -> tuple[str, datetime] | None:
        """What keeps a message from `due`, and the next moment at which it may be free."""
        if due in self._taken:
            return "apart", due + APART
        if self.cap is None:
            return None
        # Any 24 hours that hold `due` end with it or with one of the messages that follow.
        taken = self._in_order
        after = bisect_left(taken, due)
        for end in reversed([due, *taken[after : bisect_left(taken, due + DAY)]]):
            first = bisect_right(taken, end - DAY)
            if bisect_right(taken, end) - first >= self.cap:
                return "day_cap", max(taken[first] + DAY, due + MINUTE)
        return None
