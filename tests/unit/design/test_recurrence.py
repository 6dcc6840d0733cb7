"""Recurrence rules: local dates by RFC 5545, a known number of them, whenever somebody begins."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.design.recurrence import BadRule, checked, dates, n_dates_of
from surveys.design.schedule import moments
from surveys.design.timeline import bars
from surveys.design.timing import Schedule
from tests.unit.scheduling.plans import AUCKLAND, BERLIN, protocol, utc
from tests.world import wave_document

MONDAYS = "FREQ=WEEKLY;BYDAY=MO;COUNT=3"


@pytest.mark.parametrize(
    ("rule", "first", "found"),
    [
        (MONDAYS, "2026-12-27", ["2026-12-28", "2027-01-04", "2027-01-11"]),
        (MONDAYS, "2026-12-28", ["2026-12-28", "2027-01-04", "2027-01-11"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=3", "2027-03-02", ["2027-03-04", "2027-03-15", "2027-03-18"]),
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", "2027-01-31", ["2027-02-01", "2027-03-01"]),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", "2027-01-31", ["2027-02-26", "2027-03-26"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", "2028-02-01", ["2028-02-29", "2028-03-31"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "2027-01-01", ["2028-02-29", "2032-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;COUNT=1", "2027-01-01", ["2032-12-27"]),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=3", "2027-03-05", ["2027-03-05", "2027-03-08", "2027-03-09"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=1", "2027-01-01", ["2027-01-29"]),
    ],
)  # fmt: skip
def test_what_a_rule_means(rule: str, first: str, found: list[str]) -> None:
    assert [str(day) for day in dates(checked(rule), date.fromisoformat(first))] == found


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("FREQ=HOURLY;COUNT=3", "FREQ must be one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("COUNT=3", "FREQ must be one of"),
        ("FREQ=WEEKLY;BYDAY=MO", "COUNT is needed"),
        ("FREQ=WEEKLY;UNTIL=20280101", "UNTIL gives people who begin later fewer"),
        ("FREQ=DAILY;COUNT=2001", "2000 are the most"),
        ("FREQ=DAILY;BYHOUR=9;COUNT=2", "BYHOUR says a time of day"),
        ("DTSTART=20270101;FREQ=DAILY;COUNT=2", "'DTSTART=20270101' is no part"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "COUNT stands twice"),
        ("FREQ=DAILY;COUNT=0", "'COUNT=0' is no part"),
        ("freq=daily;COUNT=2", "'freq=daily' is no part"),
        ("", "'' is no part"),
        ("FREQ=MONTHLY;COUNT=3", "name the day"),
        ("FREQ=YEARLY;BYMONTH=2;COUNT=3", "name the day"),
        ("FREQ=WEEKLY;BYMONTHDAY=3;COUNT=3", "BYMONTHDAY has no meaning with FREQ=WEEKLY"),
        ("FREQ=WEEKLY;BYDAY=2MO;COUNT=3", "BYDAY takes no number"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO;COUNT=3", "miss each other"),
        ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=1", "BYMONTHDAY is at most 31"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1", "no such month has that day"),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31;COUNT=2", "from 2027-02-01 on it gives 0 dates"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "it gives 0 dates"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=30", "in ninety years, not 30"),
    ],
)
def test_what_is_no_rule_for_a_schedule(rule: str, problem: str) -> None:
    with pytest.raises(BadRule, match=problem):
        checked(rule)


RULES = [
    MONDAYS,
    "FREQ=DAILY;INTERVAL=3;COUNT=9",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR;COUNT=40",
    "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1SU;COUNT=7",
    "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=6",
    "FREQ=YEARLY;BYWEEKNO=53;COUNT=3",
]


@given(st.sampled_from(RULES), st.dates(date(2000, 1, 1), date(2040, 12, 31)))
@settings(max_examples=200, deadline=None)
def test_the_number_of_dates_never_hangs_on_the_first_day(rule: str, first: date) -> None:
    found = dates(checked(rule), first)
    assert len(found) == n_dates_of(rule)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert found[0] >= first


def test_a_schedule_keeps_the_wall_time_over_clock_changes() -> None:
    schedule = Schedule(anchor="enrollment", rrule=MONDAYS, at="18:00", offset="P1D")
    assert schedule.n_occasions == 3
    for zone, anchor in ((BERLIN, utc("2027-03-20 12:00")), (AUCKLAND, utc("2027-03-26 12:00"))):
        found = moments(schedule, anchor=anchor, zone=zone, seed="") or ()
        assert [moment.at for moment in found] == [time(18)] * 3
        gaps = {later.instant - earlier.instant for earlier, later in pairwise(found)}
        assert gaps != {timedelta(days=7)}, "the clocks changed on the way"
    assert found[0].rule == f"enrollment + P1D by {MONDAYS} at 18:00"
    assert [str(moment.day) for moment in found] == ["2027-03-29", "2027-04-05", "2027-04-12"]


def test_random_times_on_the_days_of_a_rule() -> None:
    schedule = Schedule(
        anchor="enrollment", rrule=MONDAYS, random_between=("10:00", "20:00"), per_day=2
    )
    found = moments(schedule, anchor=date(2027, 3, 2), zone=BERLIN, seed="s") or ()
    assert schedule.n_occasions == len(found) == 6
    assert {moment.day.weekday() for moment in found} == {0}
    assert all(time(10) <= moment.at <= time(20) for moment in found)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"at": None}, "needs 'at' or 'random_between'"),
        ({"every": "P1D", "times": 2}, "not both"),
        ({"offset": "PT3H"}, "expected whole days"),
        ({"anchor": None, "event": "participant"}, "'rrule' has no meaning"),
        ({"rrule": "FREQ=SECONDLY;COUNT=2"}, "FREQ must be one of"),
        ({"rrule": "FREQ=DAILY;COUNT=1500", "at": None, "random_between": ["09:00", "20:00"], "per_day": 2}, "3000 occasions a person"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_its_schedule(changes: dict[str, object], problem: str) -> None:
    document = {"anchor": "enrollment", "rrule": MONDAYS, "at": "18:00"} | changes
    with pytest.raises(ValidationError, match=problem):
        Schedule.model_validate({key: value for key, value in document.items() if value})


def test_the_timeline_draws_each_date() -> None:
    schedule = {"anchor": "enrollment", "rrule": MONDAYS, "at": "18:00"}
    (wave,) = protocol(wave_document("weekly", "P0D", schedule=schedule, reminders=[])).waves
    assert [bar.opens for bar in bars(wave)] == [0, 7, 14]


def test_an_anchor_without_a_time_is_enough() -> None:
    found = moments(
        Schedule(anchor="therapy_start", rrule=MONDAYS, at="07:30"),
        anchor=date(2027, 3, 1), zone=BERLIN, seed="",
    )  # fmt: skip
    assert found
    assert found[0].instant == datetime.fromisoformat("2027-03-01T06:30+00:00")
