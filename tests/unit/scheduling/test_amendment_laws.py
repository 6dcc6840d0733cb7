"""Laws of amendments: random pairs of protocols, and people at any point of their time.

Whatever a new version says, the past stands, nobody is written to twice about one thing, the
order of a wave stands, and bringing somebody to a version twice is bringing them once.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.design.protocol import Protocol
from surveys.scheduling.changes import PlanChange, diff
from surveys.scheduling.counting import PlanCounts, by_wave
from surveys.scheduling.facts import anchor_zones, completed_at, has_completed
from surveys.scheduling.planned import Key
from tests.unit.scheduling.plans import (
    AUCKLAND,
    BERLIN,
    EAST,
    NEW_YORK,
    Plan,
    completed,
    desired_plan,
    person,
    protocol,
    swept,
    utc,
    written,
)
from tests.world import wave_document as wave

ENROLLED = utc("2027-02-10 13:17")
ZONES = [BERLIN, AUCKLAND, NEW_YORK, EAST]
HISTORY = {"open", "started", "completed", "expired"}
days = st.integers(0, 40).map("P{}D".format)
times = st.sampled_from(["07:30", "09:00", "18:00", "21:30"])


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """A wave that is asked once, repeats at a fixed time, or prompts at random."""
    kind = draw(st.sampled_from(["once", "repeats", "prompts", "after", "dated"]))
    if kind == "dated":
        day = draw(st.dates(datetime(2027, 2, 1).date(), datetime(2027, 5, 1).date()))  # noqa: DTZ001
        return {"date": day.isoformat(), "at": draw(times)}
    if kind == "after":
        return {"anchor": "baseline.completed", "offset": draw(days)}
    found: dict[str, Any] = {"anchor": "enrollment", "offset": draw(days)}
    if kind == "once":
        return found | ({"at": draw(times)} if draw(st.booleans()) else {})
    found |= {
        "every": draw(st.sampled_from(["P1D", "P3D", "P7D"])),
        "times": draw(st.integers(2, 5)),
    }
    if kind == "repeats":
        return found | {"at": draw(times)}
    return found | {"random_between": ["10:00", "20:00"], "per_day": 2, "min_gap": "PT2H"}


@st.composite
def waves(draw: st.DrawFn, code: str) -> dict[str, Any]:
    """One wave by this code: its schedule, its window, its reminders, perhaps a condition."""
    hours = draw(st.sampled_from(["PT90M", "PT12H", "P3D", "P14D"]))
    changes: dict[str, Any] = {
        "schedule": draw(schedules()),
        "window": {"start_within": hours},
        "reminders": draw(st.sampled_from([[], ["PT30M"], ["P1D"], ["P1D", "P2D"]])),
    }
    if draw(st.integers(0, 3)) == 0:
        changes["only_if"] = "baseline.completed"
    return wave(code, "P0D", **changes)


@st.composite
def protocols(draw: st.DrawFn) -> Protocol:
    """The baseline and some of four waves, in any order."""
    codes = draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4))
    window = {"start_within": draw(st.sampled_from(["P2D", "P14D"]))}
    first = wave("baseline", "P0D", schedule={"anchor": "enrollment"}, window=window)
    quiet = draw(st.sampled_from([None, ("22:00", "08:00")]))
    return protocol(first, *(draw(waves(code)) for code in codes), quiet_hours=quiet)


class Life:
    """One person under one version after the other; counts what they were sent."""

    def __init__(self, zone: str) -> None:
        self.now = ENROLLED
        self.zone = zone
        self.plan: Plan = {}
        self.sent: Counter[tuple[Key, str, int]] = Counter()

    def adopt(self, version: Protocol) -> None:
        """What publishing does to one person, and the laws of that."""
        before, change = self.plan, self._diff(version)
        self.plan = written(change, before)
        assert not self._diff(version), "twice is once"
        assert sum(by_wave(change).values(), PlanCounts()) == PlanCounts.of(change)
        for one in (*change.move, *change.revive):
            opens, closes = one.after.opens_at, one.after.closes_at
            is_missed = closes is not None and closes <= self.now
            assert opens is None or opens >= self.now or is_missed, "never into the past"
            assert not (is_missed and one in change.revive), "what is over does not come back"
        self._check_past(before)
        self._check_order()

    def wait(self, time: timedelta) -> None:
        self.now += time

    def sweep(self) -> None:
        before, self.plan = self.plan, swept(self.plan, self.now)
        for key, row in self.plan.items():
            was = {m.id: m.state for m in before[key].messages}
            for message in row.messages:
                if message.state == "sent" and was[message.id] != "sent":
                    self.sent[key, message.kind, message.nth] += 1

    def complete(self, which: int) -> None:
        answerable = [
            k for k, o in self.plan.items() if o.state == "open" and not o.is_over(self.now)
        ]
        if answerable:
            self.plan = completed(self.plan, answerable[which % len(answerable)], self.now)

    def _diff(self, version: Protocol) -> PlanChange:
        rows: dict[str, list[Any]] = {}
        for row in self.plan.values():
            rows.setdefault(row.wave, []).append(row)
        facts = person(
            zone=self.zone,
            enrolled_at=ENROLLED,
            ended={code: has_completed(found) for code, found in rows.items()},
            completed={code: at for code, found in rows.items() if (at := completed_at(found))},
            anchor_zones=anchor_zones(self.plan.values()),
        )
        return diff(self.plan, desired_plan(version, facts), self.now, version.quiet_hours)

    def _check_past(self, before: Mapping[Key, Any]) -> None:
        for key, row in before.items():
            if row.state in HISTORY or (row.state == "planned" and row.is_over(self.now)):
                assert self.plan[key] == row, "the past stands"
            for message in row.messages:
                if message.state not in {"due", "cancelled"}:
                    assert message in self.plan[key].messages, "what was taken stays"

    def _check_order(self) -> None:
        rows = sorted(self.plan.values(), key=lambda row: row.key)
        for _, of_wave in itertools.groupby(rows, key=lambda row: row.wave):
            askable = [
                row.opens_at
                for row in of_wave
                if row.opens_at and row.state == "planned" and not row.is_over(self.now)
            ]
            assert askable == sorted(askable), "the order of a wave stands"


steps = st.lists(
    st.tuples(
        protocols(), st.integers(0, 30 * 24).map(lambda n: timedelta(hours=n)), st.integers(0, 5)
    ),
    min_size=2,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(zone=st.sampled_from(ZONES), happens=steps, sweeps=st.lists(st.booleans(), min_size=4))
def test_whatever_is_published_the_past_stands_and_nothing_is_sent_twice(
    zone: str, happens: list[tuple[Protocol, timedelta, int]], sweeps: list[bool]
) -> None:
    life = Life(zone)
    for (version, time, which), is_swept in zip(happens, itertools.cycle(sweeps), strict=False):
        life.adopt(version)
        life.wait(time)
        if is_swept:  # else the sweep was off when the next version came
            life.sweep()
            life.complete(which)
            life.adopt(version)
    life.sweep()
    assert all(n == 1 for n in life.sent.values()), "each message goes out once"


@settings(max_examples=100, deadline=None)
@given(version=protocols(), zone=st.sampled_from(ZONES), hours=st.integers(0, 90 * 24))
def test_time_alone_asks_for_no_change(version: Protocol, zone: str, hours: int) -> None:
    life = Life(zone)
    life.adopt(version)
    life.wait(timedelta(hours=hours))
    life.sweep()
    life.adopt(version)  # a wave that ended may start others
    before = life.plan
    life.adopt(version)
    assert life.plan == before
