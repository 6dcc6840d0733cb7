"""Laws of planning: whatever happens to a person, in whatever order, the past stands.

Random people live through random edits, moves, dates, sweeps and completions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.scheduling.changes import diff
from surveys.scheduling.facts import anchor_zones, has_completed
from tests.unit.scheduling.plans import (
    AUCKLAND,
    BERLIN,
    EAST,
    NEW_YORK,
    WEST,
    Plan,
    completed,
    desired_plan,
    diary,
    person,
    protocol,
    swept,
    utc,
    written,
)
from tests.world import wave_document as wave

PROMPTS = {
    "anchor": "enrollment", "offset": "P2D", "every": "P1D", "times": 6,
    "random_between": ["10:00", "21:00"], "per_day": 2, "min_gap": "PT2H",
}  # fmt: skip
ANCHORS: dict[str, Any] = {"anchors": ["therapy_start"], "quiet_hours": ("22:00", "08:00")}
AFTER = wave("after", "P0D", schedule={"anchor": "baseline.completed", "offset": "P3D"})
BASELINE = wave("baseline", "P0D")
DESIGNS = [
    protocol(BASELINE, diary("therapy_start"), AFTER, wave("m1", "P1M"), **ANCHORS),
    protocol(BASELINE, diary(schedule=PROMPTS), AFTER, wave("m1", "P1M", reminders=[]), **ANCHORS),
    protocol(BASELINE, diary(window={"start_within": "P1D"}), wave("m1", "P2M"), **ANCHORS),
    protocol(BASELINE, wave("m1", "P1M", only_if="baseline.completed"), AFTER, **ANCHORS),
]
ZONES = [BERLIN, AUCKLAND, NEW_YORK, EAST, WEST, "Australia/Lord_Howe", "Asia/Kolkata"]
PAST = {"open", "started", "completed", "expired"}

hours = st.integers(1, 60).map(lambda n: timedelta(hours=n))
events = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), hours),
        st.tuples(st.just("sweep"), st.none()),
        st.tuples(st.just("move"), st.sampled_from(ZONES)),
        st.tuples(st.just("edit"), st.sampled_from(DESIGNS)),
        st.tuples(st.just("anchor"), st.integers(-3, 12)),
        st.tuples(st.just("complete"), st.integers(0, 5)),
    ),
    min_size=3,
    max_size=12,
)


class Life:
    """One person, their plan, and the present."""

    def __init__(self, zone: str, enrolled_at: datetime) -> None:
        self.now = enrolled_at
        self.design = DESIGNS[0]
        self.facts: dict[str, Any] = {"zone": zone, "enrolled_at": enrolled_at}
        self.plan: Plan = {}
        self.replan()

    def wait(self, time: timedelta) -> None:
        self.now += time

    def sweep(self, _: None) -> None:
        self.plan = swept(self.plan, self.now)

    def move(self, zone: str) -> None:
        self.facts["zone"] = zone

    def edit(self, design: Any) -> None:
        self.design = design

    def anchor(self, days: int) -> None:
        on: date = self.now.date() + timedelta(days=days)
        self.facts["anchors"] = {"therapy_start": on}

    def complete(self, which: int) -> None:
        answerable = [
            k for k, o in self.plan.items() if o.state == "open" and not o.is_over(self.now)
        ]
        if answerable:
            self.plan = completed(self.plan, answerable[which % len(answerable)], self.now)

    def replan(self) -> None:
        baseline = [row for row in self.plan.values() if row.wave == "baseline"]
        done = has_completed(baseline) if baseline else None
        self.facts["ended"] = {"baseline": done}
        self.facts["completed"] = {"baseline": baseline[0].ended_at} if done else {}
        self.facts["anchor_zones"] = anchor_zones(self.plan.values())
        desired = desired_plan(self.design, person(**self.facts))
        quiet_hours = self.design.quiet_hours
        before, change = self.plan, diff(self.plan, desired, self.now, quiet_hours)
        self.plan = written(change, before)
        self.check(before, change)
        again = diff(self.plan, desired, self.now, quiet_hours)
        assert not again, "planning twice equals planning once"

    def check(self, before: Plan, change: Any) -> None:
        for key, row in before.items():
            if row.state in PAST or (row.state == "planned" and row.is_over(self.now)):
                assert self.plan[key] == row, "the past stands"
            for message in row.messages:
                if message.state not in {"due", "cancelled"}:
                    assert message in self.plan[key].messages, "what was taken stays"
        for one in (*change.move, *change.revive):
            opens, closes = one.after.opens_at, one.after.closes_at
            missed = closes is not None and closes <= self.now
            assert opens is None or opens >= self.now or missed, "never into the past"
            assert not (missed and one in change.revive), "what is over does not come back"
        self.check_order()

    def check_order(self) -> None:
        rows = sorted(self.plan.values(), key=lambda row: row.key)
        for _, wave_rows in itertools.groupby(rows, key=lambda row: row.wave):
            askable = [
                row.opens_at
                for row in wave_rows
                if row.opens_at and row.state == "planned" and not row.is_over(self.now)
            ]
            assert askable == sorted(askable), "the order of a wave stands"


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    enrolled_at=st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
        lambda moment: moment.replace(microsecond=0, tzinfo=utc("2027-01-01").tzinfo)
    ),
    happens=events,
)
def test_whatever_happens_the_past_stands_and_planning_twice_equals_once(
    zone: str, enrolled_at: datetime, happens: list[tuple[str, Any]]
) -> None:
    life = Life(zone, enrolled_at)
    for what, value in happens:
        act: Callable[[Any], None] = getattr(life, what)
        act(value)
        life.replan()
