"""Laws of planning: whatever happens to people, in whatever order, the past stands.

Studies of five random people live through random edits, moves, dates, pauses, snoozes, sweeps and
completions: 2,000 studies, 10,000 people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.scheduling.lives import Life, planners
from tests.unit.scheduling.plans import (
    AUCKLAND,
    BERLIN,
    EAST,
    NEW_YORK,
    WEST,
    diary,
    protocol,
    utc,
)
from tests.world import wave_document as wave

STUDIES, PEOPLE = 2000, 5
PROMPTS = {
    "anchor": "enrollment", "offset": "P2D", "every": "P1D", "times": 3,
    "random_between": ["10:00", "21:00"], "per_day": 2, "min_gap": "PT2H",
}  # fmt: skip
MORNINGS = {
    "anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 5,
    "at": "09:00", "own_time": True,
}  # fmt: skip
MONDAYS = {"anchor": "enrollment", "rrule": "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", "at": "18:00"}
ANCHORS: dict[str, Any] = {"anchors": ["therapy_start"], "quiet_hours": ("22:00", "08:00")}
AFTER = wave("after", "P0D", schedule={"anchor": "baseline.completed", "offset": "P3D"})
BASELINE = wave("baseline", "P0D", reminders=["P2D", "P4D"])
DAY = {"start_within": "P1D"}
DESIGNS = planners(
    protocol(BASELINE, diary(schedule=MORNINGS, reminders=["PT30M"]), AFTER, **ANCHORS),
    protocol(BASELINE, diary(schedule=MORNINGS | {"anchor": "therapy_start"}), **ANCHORS),
    protocol(BASELINE, diary(schedule=PROMPTS), AFTER, wave("m1", "P9D", reminders=[]), **ANCHORS),
    protocol(BASELINE, diary(schedule=MORNINGS, window=DAY), wave("m1", "P20D"), **ANCHORS),
    protocol(BASELINE, wave("m1", "P9D", only_if="baseline.completed"), AFTER, **ANCHORS),
    protocol(BASELINE, diary(schedule=MONDAYS, window=DAY), AFTER, **ANCHORS),
)
ZONES = [BERLIN, AUCKLAND, NEW_YORK, EAST, WEST, "Australia/Lord_Howe", "Asia/Kolkata"]
ALL = st.just(-1)
ONE = st.integers(0, PEOPLE - 1)

events = st.lists(
    st.one_of(
        st.tuples(ALL, st.just("wait"), st.integers(1, 60)),
        st.tuples(ALL, st.just("sweep"), st.integers(0, 30)),
        st.tuples(ALL, st.just("edit"), st.sampled_from(DESIGNS)),
        st.tuples(ONE, st.just("move"), st.sampled_from(ZONES)),
        st.tuples(ONE, st.just("anchor"), st.integers(-3, 12)),
        st.tuples(ONE, st.just("prefer"), st.integers(0, 1439)),
        st.tuples(ONE, st.just("halt"), st.integers(0, 12)),
        st.tuples(ONE, st.just("resume"), st.just(0)),
        st.tuples(ONE, st.just("there_and_back"), st.integers(0, 20)),
        st.tuples(ONE, st.just("remind"), st.sampled_from([None, 0, 1])),
        st.tuples(ONE, st.just("remind_and_back"), st.integers(0, 1)),
        st.tuples(ONE, st.just("snooze"), st.integers(1, 100)),
        st.tuples(ONE, st.just("complete"), st.integers(0, 5)),
    ),
    min_size=3,
    max_size=7,
)
MOMENTS = st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31))  # noqa: DTZ001


@pytest.mark.timeout(300)
@settings(max_examples=STUDIES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=PEOPLE, max_size=PEOPLE),
    began=MOMENTS.map(lambda at: at.replace(microsecond=0, tzinfo=utc("2027-01-01").tzinfo)),
    happens=events,
)
def test_whatever_happens_the_past_stands_and_planning_twice_equals_once(
    zones: list[str], began: datetime, happens: list[tuple[int, str, Any]]
) -> None:
    people = [Life(f"P-{n}", zone, began, DESIGNS[0]) for n, zone in enumerate(zones)]
    for who, what, value in happens:
        for one in people if who < 0 else [people[who]]:
            getattr(one, what)(value)
            one.replan()
