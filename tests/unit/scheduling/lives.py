"""A person in memory who lives through edits, moves, pauses and sweeps, and the laws that must hold.

Every step plans again and checks: the past stands, keys are taken once, the order stays, nothing
is due in a pause, and planning twice equals planning once.
"""

from __future__ import annotations

import itertools
from datetime import date, datetime, time, timedelta
from typing import Any

from surveys.design.protocol import Protocol
from surveys.scheduling.changes import PlanChange, diff
from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.facts import anchor_zones, has_completed
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planner import Planner
from surveys.scheduling.postponing import PAUSED_THROUGH, Postponement
from surveys.scheduling.reminding import Reminding
from surveys.scheduling.underway import delays, is_under_way
from tests.unit.scheduling.plans import Plan, completed, person, put_off, swept, written

ENDED = frozenset({"completed", "expired"})
SECONDS = timedelta(seconds=1)


class Life:
    """One person, their plan, and the present; `planner` is shared by all who have its protocol."""

    def __init__(self, code: str, zone: str, enrolled_at: datetime, planner: Planner) -> None:
        self.now = enrolled_at
        self.planner = planner
        self.facts: dict[str, Any] = {"code": code, "zone": zone, "enrolled_at": enrolled_at}
        self.plan: Plan = {}
        self.replan()

    def wait(self, hours: int) -> None:
        """Time passes, and nothing runs."""
        self.now += timedelta(hours=hours)

    def sweep(self, hours: int) -> None:
        """Time passes, and then windows open, close and mails go out."""
        self.wait(hours)
        self.plan = swept(self.plan, self.now, self.pause.pause_ends_at)

    def edit(self, planner: Planner) -> None:
        self.planner = planner

    def move(self, zone: str) -> None:
        self.facts["zone"] = zone

    def anchor(self, days: int) -> None:
        on: date = self.now.date() + timedelta(days=days)
        self.facts["anchors"] = {"therapy_start": on}

    def prefer(self, minutes: int) -> None:
        self.facts["time_of_day"] = time(*divmod(minutes, 60)) if minutes else None

    def halt(self, days: int) -> None:
        """Pause until a day ahead."""
        self.facts["paused_until"] = self.now.date() + timedelta(days=2 + days)

    def resume(self, _: int) -> None:
        if self.pause.pause_ends_at and self.pause.pause_ends_at > self.now:
            self.facts["paused_until"] = None

    def there_and_back(self, days: int) -> None:
        """A pause that is taken back at once leaves everything as it was."""
        if self.facts.get("paused_until"):
            return
        self.replan()
        before = self.plan
        self.halt(days)
        self.replan()
        self.resume(0)
        self.replan()
        assert _seen(self.plan) == _seen(before), "who comes back at once has missed nothing"

    def remind(self, most: int | None) -> None:
        """Want so many reminders of each occasion from now on."""
        self.facts["most_reminders"] = most

    def remind_and_back(self, most: int) -> None:
        """A wish that is taken back at once leaves everything that is still ahead as it was."""
        self.replan()
        before, wish = self.plan, self.facts.get("most_reminders")
        if wish is not None or any(self._waits(row) for row in before.values()):
            return
        self.remind(most)
        self.replan()
        self.remind(wish)
        self.replan()
        assert _seen(self.plan) == _seen(before), "who takes a wish back gets all reminders again"

    def _waits(self, row: ExistingOccasion) -> bool:
        """Whether a message whose moment has passed has not gone out yet."""
        return any(m.state == "due" and m.due_at <= self.now for m in row.messages)

    def snooze(self, hours: int) -> None:
        until = self.now + timedelta(hours=hours)
        for key, row in self._open().items():
            if row.closes_at and until < row.closes_at:
                self.plan = {**self.plan, key: row._replace(snoozed_until=until)}
                return

    def complete(self, which: int) -> None:
        answerable = list(self._open())
        if answerable:
            self.plan = completed(self.plan, answerable[which % len(answerable)], self.now)

    @property
    def pause(self) -> Postponement:
        return self.planner.postponement(self._person())

    @property
    def reminding(self) -> Reminding:
        return Reminding(self.facts.get("most_reminders"))

    def replan(self) -> None:
        """Plan again as `replanning` does, and look whether the laws hold."""
        baseline = [row for row in self.plan.values() if row.wave == "baseline"]
        done = has_completed(baseline) if baseline else None
        self.facts["ended"] = {"baseline": done}
        self.facts["completed"] = {"baseline": baseline[0].ended_at} if done else {}
        self.facts["anchor_zones"] = anchor_zones(self.plan.values())
        desired, quiet_hours = self.planner.plan(self._person()), self.planner.quiet_hours
        before = self.plan
        change = diff(before, desired, self.now, quiet_hours)
        delayed = delays(before.values(), self.pause, self.reminding, self.now)
        self.plan = put_off(delayed, written(change, before))
        self._check_the_past(before)
        self._check_moves(change)
        self._check_order()
        self._check_waiting()
        self._check_reminders()
        assert not diff(self.plan, desired, self.now, quiet_hours), "planning twice is once"
        again = delays(self.plan.values(), self.pause, self.reminding, self.now)
        assert not again, "putting off twice is once"

    def _person(self) -> PersonFacts:
        return person(**self.facts)

    def _open(self) -> Plan:
        rows = self.plan.items()
        return {key: row for key, row in rows if row.state == "open" and not row.is_over(self.now)}

    def _check_the_past(self, before: Plan) -> None:
        for key, row in before.items():
            after = self.plan[key]
            is_over = row.state in {"planned", "open"} and row.is_over(self.now)
            if row.state in ENDED or row.cause == "paused" or is_over:
                assert after == row, "the past stands"
            if row.state == "open":
                assert after[1:8] == row[1:8], "what is open keeps its window"
            for message in row.messages:
                if message.state not in {"due", "cancelled"}:
                    assert message in after.messages, "what was taken stays"

    def _check_moves(self, change: PlanChange) -> None:
        for one in (*change.move, *change.revive):
            opens, closes = one.after.opens_at, one.after.closes_at
            missed = closes is not None and closes <= self.now
            is_kept_shut = PAUSED_THROUGH in one.after.local.get("guards", ())
            assert opens is None or opens >= self.now or missed or is_kept_shut, "never backwards"
            assert not (missed and one in change.revive), "what is over does not come back"

    def _check_order(self) -> None:
        rows = sorted(self.plan.values(), key=lambda row: row.key)
        for _, wave in itertools.groupby(rows, key=lambda row: row.wave):
            ahead = [r.opens_at for r in wave if r.state == "planned" and not r.is_over(self.now)]
            opens = [at for at in ahead if at]
            assert opens == sorted(opens), "the order of a wave stands"
        for row in rows:
            due = sorted((m.kind, m.nth, m.due_at) for m in row.messages if m.state == "due")
            moments = [at for *_, at in due]
            assert moments == sorted(set(moments)), "the invitation comes first, no two at once"

    def _check_waiting(self) -> None:
        ends_at = self.pause.pause_ends_at
        for row in self.plan.values():
            if not self._may_send(row, ends_at):
                continue
            for message in row.messages:
                if message.state != "due":
                    continue
                assert not ends_at or message.due_at >= ends_at, "nothing is due in a pause"
                until = row.snoozed_until
                assert not until or message.due_at >= until, "nothing is due before a snooze ends"

    def _check_reminders(self) -> None:
        most = self.facts.get("most_reminders")
        for row in self.plan.values():
            reminders = [m for m in row.messages if m.kind == "reminder"]
            n_due = sum(message.state == "due" for message in reminders)
            if most is None or not n_due or not self._may_send(row, self.pause.pause_ends_at):
                continue
            n_sent = sum(message.state == "sent" for message in reminders)
            assert n_sent + n_due <= most, "nobody gets more reminders than they want"

    def _may_send(self, row: ExistingOccasion, ends_at: datetime | None) -> bool:
        """Whether its messages could go out: it runs, or will open."""
        is_shut = bool(ends_at and row.closes_at and row.closes_at <= ends_at)
        is_ahead = row.state == "planned" and not row.is_due(self.now) and not is_shut
        return is_ahead or is_under_way(row, self.now)


def _seen(plan: Plan) -> list[Any]:
    """All of a plan but the ids of messages that were made anew."""
    return [
        (*row[1:10], sorted((m.kind, m.nth, m.state, m.due_at) for m in row.messages))
        for row in plan.values()
    ]


def planners(*designs: Protocol) -> list[Planner]:
    """One planner for each protocol, so that what people share is computed once."""
    return [Planner(design) for design in designs]
