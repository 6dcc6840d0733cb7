"""Laws that hold in every zone and year, whatever the clocks there do."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.design import zones
from surveys.design.periods import Period
from surveys.design.schedule import after, instant, local, moments, quiet, window
from surveys.design.timing import Schedule, Window

ZONES = st.sampled_from(sorted(zones.known()))
DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2040, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  # bounds are naive
CLOCKS = TIMES.map(lambda t: t.strftime("%H:%M"))
PERIODS = st.builds(Period, st.integers(0, 30), st.integers(0, 400), st.integers(0, 3000)).filter(
    lambda p: p != Period()
)


@given(DAYS, TIMES, ZONES)
def test_a_wall_time_comes_back_unless_the_zone_skips_it(day: date, at: time, zone: str) -> None:
    found = instant(day, at, zone)
    wall = datetime.combine(day, at, ZoneInfo(zone))
    exists = wall.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall.replace(
        tzinfo=None
    )
    if exists:
        assert local(found, zone) == (day, at)
        assert local(instant(day, at, zone, closing=True), zone) == (day, at)
    else:
        assert local(found, zone) > (day, at)
        assert instant(day, at, zone, closing=True) == found


@given(DAYS, TIMES, ZONES)
def test_closings_are_never_before_openings(day: date, at: time, zone: str) -> None:
    late = instant(day, at, zone, closing=True) - instant(day, at, zone)
    assert timedelta(0) <= late <= timedelta(days=1)


@given(MOMENTS, ZONES, PERIODS, st.integers(2, 20))
@settings(max_examples=60)
def test_a_schedule_never_goes_back(anchor: datetime, zone: str, every: Period, times: int) -> None:
    found = moments(
        Schedule(anchor="enrollment", every=every, times=times), anchor=anchor, zone=zone, seed=""
    )
    assert found is not None
    assert [m.instant for m in found] == sorted(m.instant for m in found)
    assert found[0].instant == anchor


@given(MOMENTS, ZONES, st.integers(1, 5000))
def test_a_window_in_hours_lasts_these_hours(opens: datetime, zone: str, minutes: int) -> None:
    closes = window(opens, Window(start_within=Period(minutes=minutes)), zone)
    assert closes - opens == timedelta(minutes=minutes)


@given(MOMENTS, ZONES, PERIODS, PERIODS)
def test_every_window_has_a_length_and_a_start_never_shortens_it(
    opens: datetime, zone: str, start: Period, finish: Period
) -> None:
    rule = Window(start_within=start, finish_within=finish)
    before = window(opens, rule, zone)
    if start.months or start.days > 1:
        assert before > opens
    assert window(opens, rule, zone, started=opens) >= before


@given(MOMENTS, ZONES, CLOCKS, CLOCKS)
def test_quiet_hours_never_send_earlier_and_never_twice(
    moment: datetime, zone: str, begins: str, ends: str
) -> None:
    if begins == ends:
        return
    pushed = quiet(moment, (begins, ends), zone)
    assert pushed >= moment
    assert quiet(pushed, (begins, ends), zone) == pushed


@given(MOMENTS, ZONES, st.integers(1, 12))
def test_elapsed_steps_add_up(moment: datetime, zone: str, hours: int) -> None:
    step = Period(minutes=60)
    walked = moment
    for _ in range(hours):
        walked = after(walked, step, zone)
    assert walked == after(moment, step * hours, zone)


@given(DAYS, ZONES, st.integers(1, 8), st.text(max_size=5))
def test_random_prompts_are_ordered_and_apart_on_every_day(
    day: date, zone: str, per_day: int, seed: str
) -> None:
    schedule = Schedule(
        anchor="enrollment",
        random_between=("09:00", "21:00"),
        per_day=per_day,
        min_gap=Period(minutes=80) if per_day > 1 else None,
    )
    found = moments(schedule, anchor=day, zone=zone, seed=seed)
    assert found is not None
    assert len(found) == per_day
    gaps = [b.instant - a.instant for a, b in itertools.pairwise(found)]
    assert all(gap >= timedelta(minutes=80) for gap in gaps)
