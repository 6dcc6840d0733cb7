"""The time rules as one table: each row is a case of the specification with its id."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from surveys.design.periods import Period
from surveys.design.schedule import (
    Moment,
    after,
    draw,
    instant,
    local,
    moments,
    quiet,
    reminder_times,
    window,
)
from surveys.design.timing import Schedule, Window

BERLIN, NEW_YORK, APIA = "Europe/Berlin", "America/New_York", "Pacific/Apia"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at_wall(text: str, zone: str, *, closing: bool = False) -> datetime:
    wall = datetime.fromisoformat(text)
    return instant(wall.date(), wall.time(), zone, closing=closing)


def wall_of(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M%z")


def plan(origin: datetime | date | None, zone: str = BERLIN, /, **rule: Any) -> tuple[Moment, ...]:
    schedule = Schedule.model_validate({"anchor": "enrollment"} | rule)
    found = moments(schedule, anchor=origin, zone=zone, seed="study|AAAA-0001|wave")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("wall", "zone", "instant_utc"),
    [
        pytest.param("2026-03-29 02:30", BERLIN, "2026-03-29 01:30", id="T1 gap"),
        pytest.param("2026-10-25 02:30", BERLIN, "2026-10-25 00:30", id="T2 overlap"),
        pytest.param("2026-03-08 02:30", NEW_YORK, "2026-03-08 07:30", id="T3 gap"),
        pytest.param("2026-11-01 01:30", NEW_YORK, "2026-11-01 05:30", id="T3 overlap"),
        pytest.param("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03 15:45", id="T4 gap"),
        pytest.param(
            "2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 14:45", id="T4 overlap"
        ),
        pytest.param("2011-12-30 09:00", APIA, "2011-12-30 19:00", id="T6 no such day"),
        pytest.param("2026-02-14 09:00", "Africa/Casablanca", "2026-02-14 08:00", id="T7 before"),
        pytest.param("2026-02-16 09:00", "Africa/Casablanca", "2026-02-16 09:00", id="T7 Ramadan"),
        pytest.param("2026-03-23 09:00", "Africa/Casablanca", "2026-03-23 08:00", id="T7 after"),
        pytest.param("2027-01-01 00:15", "Asia/Tokyo", "2026-12-31 15:15", id="T23 year boundary"),
    ],
)
def test_a_wall_time_means_one_instant(wall: str, zone: str, instant_utc: str) -> None:
    assert at_wall(wall, zone) == utc(instant_utc)


@pytest.mark.parametrize(
    ("wall", "zone", "opens"),
    [
        pytest.param("2026-03-29 00:00", "Asia/Beirut", "2026-03-29 01:00", id="T5 Beirut"),
        pytest.param("2026-04-24 00:00", "Africa/Cairo", "2026-04-24 01:00", id="T5 Cairo"),
        pytest.param("2026-09-06 00:30", "America/Santiago", "2026-09-06 01:30", id="T5 Santiago"),
        pytest.param("2026-03-29 00:30", "Atlantic/Azores", "2026-03-29 01:30", id="T5 Azores"),
        pytest.param("2011-12-30 09:00", APIA, "2011-12-31 09:00", id="T6 Apia"),
    ],
)
def test_a_skipped_wall_time_moves_forward(wall: str, zone: str, opens: str) -> None:
    assert wall_of(at_wall(wall, zone), zone)[:16] == opens


@pytest.mark.parametrize(
    ("opens", "start_within", "closes"),
    [
        pytest.param(
            "2026-03-28 20:00", "PT72H", "2026-03-31 21:00+0200", id="T9 hours are elapsed"
        ),
        pytest.param(
            "2026-03-28 20:00", "P3D", "2026-03-31 20:00+0200", id="T9 days keep the wall"
        ),
        pytest.param("2026-10-24 02:30", "P1D", "2026-10-25 02:30+0100", id="T10 last of the two"),
        pytest.param("2026-03-28 02:30", "P1D", "2026-03-29 03:30+0200", id="T10 gap, forward"),
    ],
)
def test_a_window_closes(opens: str, start_within: str, closes: str) -> None:
    rule = Window.model_validate({"start_within": start_within})
    assert wall_of(window(at_wall(opens, BERLIN), rule, BERLIN), BERLIN) == closes


@pytest.mark.parametrize(
    ("anchor", "rule", "days"),
    [
        pytest.param("2024-02-29", {"offset": "P12M"}, ["2025-02-28"], id="T11 one year"),
        pytest.param("2024-02-29", {"offset": "P48M"}, ["2028-02-29"], id="T11 four years"),
        pytest.param(
            "2026-01-31",
            {"every": "P1M", "times": 4},
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"],
            id="T12 months start at the anchor",
        ),
        pytest.param(
            "2026-01-31",
            {"offset": "P1M", "every": "P1M", "times": 3},
            ["2026-02-28", "2026-03-31", "2026-04-30"],
            id="T12 with an offset in months",
        ),
        pytest.param(
            "2026-01-25",
            {"offset": "P7D", "every": "P1M", "times": 2},
            ["2026-02-01", "2026-03-01"],
            id="months count from a first day",
        ),
        pytest.param("2026-08-31", {"offset": "P6M"}, ["2027-02-28"], id="T13"),
        pytest.param(
            "2026-12-28",
            {"every": "P1W", "times": 2},
            ["2026-12-28", "2027-01-04"],
            id="T23 Mondays over week 53",
        ),
    ],
)
def test_calendar_steps(anchor: str, rule: dict[str, Any], days: list[str]) -> None:
    found = plan(date.fromisoformat(anchor), at="09:00", **rule)
    assert [str(moment.day) for moment in found] == days
    assert {moment.at for moment in found} == {time(9)}


def test_T8_the_next_day_at_nine_is_23_hours_later_in_spring() -> None:
    first, second = plan(date(2026, 3, 28), at="09:00", every="P1D", times=2)
    assert second.instant - first.instant == timedelta(hours=23)


def test_T6_the_wave_of_a_missing_day_is_not_dropped() -> None:
    found = plan(date(2011, 12, 29), APIA, at="09:00", every="P1D", times=4)
    assert [local(m.instant, APIA)[0].day for m in found] == [29, 31, 31, 1]
    assert [m.instant for m in found] == sorted(m.instant for m in found)


@pytest.mark.parametrize(
    "impossible",
    [
        pytest.param(
            lambda: instant(date(9999, 12, 31), time(23), "Pacific/Apia"), id="T24 future"
        ),
        pytest.param(lambda: instant(date(1899, 12, 31), time(9), BERLIN), id="T24 past"),
        pytest.param(lambda: local(datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"), id="T24 local"),
        pytest.param(lambda: after(utc("2999-12-01"), Period(months=2), BERLIN), id="T24 months"),
        pytest.param(
            lambda: after(utc("9999-12-31"), Period(minutes=9999), BERLIN), id="T24 hours"
        ),
        pytest.param(lambda: Period(days=36_525).after(date(9990, 1, 1)), id="T24 days"),
        pytest.param(lambda: Period(months=1200).after(date(9990, 1, 1), 9), id="T24 years"),
        pytest.param(lambda: instant(date(2026, 1, 1), time(9), "Europe/Nowhere"), id="T17 zone"),
        pytest.param(lambda: instant(date(2026, 1, 1), time(9), "../etc/passwd"), id="T17 path"),
        pytest.param(lambda: local(datetime(2026, 1, 1), BERLIN), id="naive"),  # noqa: DTZ001  # the case
    ],
)
def test_impossible_times_are_value_errors(impossible: Any) -> None:
    with pytest.raises(ValueError, match=r"outside|no zone|no time zone"):
        impossible()


@pytest.mark.parametrize(
    ("wall", "ends"),
    [
        pytest.param("2026-05-04 21:59", "2026-05-04 21:59", id="before them"),
        pytest.param("2026-05-04 22:00", "2026-05-05 08:00", id="T25 their first minute"),
        pytest.param("2026-05-05 03:00", "2026-05-05 08:00", id="T25 after midnight"),
        pytest.param("2026-05-05 08:00", "2026-05-05 08:00", id="T25 their end is not quiet"),
        pytest.param("2026-03-28 23:00", "2026-03-29 08:00", id="T25 into summer time"),
        pytest.param("2026-10-24 23:00", "2026-10-25 08:00", id="T25 out of summer time"),
    ],
)
def test_quiet_hours_push_to_their_end(wall: str, ends: str) -> None:
    assert quiet(at_wall(wall, BERLIN), ("22:00", "08:00"), BERLIN) == at_wall(ends, BERLIN)


def test_quiet_hours_within_one_day_and_none() -> None:
    noon = at_wall("2026-05-04 12:30", BERLIN)
    assert quiet(noon, ("12:00", "14:00"), BERLIN) == at_wall("2026-05-04 14:00", BERLIN)
    assert quiet(noon, ("14:00", "15:00"), BERLIN) == noon
    assert quiet(noon, None, BERLIN) == noon


def test_quiet_hours_that_end_in_the_repeated_hour_end_once() -> None:
    second_half_past_one = utc("2026-10-25 01:10")  # 02:10 for the second time
    ends = quiet(second_half_past_one, ("22:00", "02:30"), BERLIN)
    assert ends == utc("2026-10-25 01:30")


def test_without_a_time_a_calendar_offset_keeps_the_anchors_time_of_day() -> None:
    anchor = utc("2026-01-15 13:37")  # 14:37 in Berlin
    (moment,) = plan(anchor, offset="P6M")
    assert wall_of(moment.instant, BERLIN) == "2026-07-15 14:37+0200"
    assert moment.rule == "enrollment + P6M"


def test_an_elapsed_offset_is_exact_also_from_the_second_of_a_repeated_hour() -> None:
    anchor = utc("2026-10-25 01:10") + timedelta(seconds=7)
    assert plan(anchor)[0].instant == anchor
    (moment,) = plan(anchor, offset="PT90M")
    assert moment.instant == anchor + timedelta(minutes=90)
    assert (moment.day, moment.at) == local(moment.instant, BERLIN)


def test_repeated_hours_from_a_fixed_time() -> None:
    found = plan(date(2026, 3, 28), at="20:00", every="PT6H", times=3)
    steps = [b.instant - a.instant for a, b in itertools.pairwise(found)]
    assert steps == [timedelta(hours=6)] * 2
    assert [m.at for m in found] == [time(20), time(3), time(9)]  # the clock went forward at 2


def test_a_date_without_a_time_opens_at_nine() -> None:
    assert plan(date(2026, 5, 4), offset="P1D")[0].at == time(9)
    fixed = plan(None, anchor=None, date="2027-10-04")
    assert wall_of(fixed[0].instant, BERLIN) == "2027-10-04 09:00+0200"
    assert plan(None, anchor=None, date="2027-10-04", at="18:00")[0].rule == "2027-10-04 at 18:00"


def test_an_unknown_anchor_gives_no_plan_and_a_participants_own_wave_an_empty_one() -> None:
    unknown = moments(Schedule(anchor="therapy_start"), anchor=None, zone=BERLIN, seed="s")
    own = moments(Schedule(event="participant"), anchor=None, zone=BERLIN, seed="s")
    assert unknown is None
    assert own == ()


def test_each_moment_says_by_which_rule() -> None:
    found = plan(date(2026, 5, 4), offset="P3M", at="09:00", every="P1W", times=2)
    assert [m.rule for m in found] == [
        "enrollment + P3M at 09:00",
        "enrollment + P3M + 1 x P7D at 09:00",
    ]


DIARY: dict[str, Any] = {
    "offset": "P1D",
    "every": "P1D",
    "times": 14,
    "random_between": ("10:00", "21:00"),
    "per_day": 3,
    "min_gap": "PT2H",
}


def test_random_prompts_stay_in_their_hours_in_order_and_apart() -> None:
    found = plan(date(2026, 3, 27), **DIARY)
    assert len(found) == 42
    assert [m.day for m in found] == [
        date(2026, 3, 28) + timedelta(days=k) for k in range(14) for _ in range(3)
    ]
    assert all(time(10) <= m.at <= time(21) and not m.at.second for m in found)
    gaps = [b.instant - a.instant for a, b in itertools.pairwise(found)]
    assert min(gaps) >= timedelta(hours=2)
    assert found[0].rule == "enrollment + P1D between 10:00 and 21:00"


def test_random_prompts_follow_their_seed_and_survive_a_longer_diary() -> None:
    schedule = Schedule.model_validate({"anchor": "enrollment"} | DIARY)
    longer = schedule.model_copy(update={"times": 20})
    by_seed = {
        seed: moments(schedule, anchor=date(2026, 5, 4), zone=BERLIN, seed=seed) for seed in "ab"
    }
    assert by_seed["a"] != by_seed["b"]
    again = moments(longer, anchor=date(2026, 5, 4), zone=BERLIN, seed="a")
    assert again is not None
    assert again[:42] == by_seed["a"]


def test_random_times_are_uniform() -> None:
    rule = {"random_between": ("17:00", "20:00"), "every": "P1D", "times": 2000}
    minutes = [m.at.hour * 60 + m.at.minute - 17 * 60 for m in plan(date(2026, 1, 1), **rule)]
    assert (min(minutes), max(minutes)) == (0, 180)
    assert abs(sum(minutes) / len(minutes) - 90) < 4  # three standard errors
    assert all(250 < sum(a <= m < a + 30 for m in minutes) < 420 for a in range(0, 180, 30))


def test_prompts_move_closer_on_the_night_that_lacks_an_hour() -> None:
    rule = {"random_between": ("01:00", "04:00"), "per_day": 4, "min_gap": "PT1H"}
    found = plan(date(2026, 3, 29), **rule)
    assert [wall_of(m.instant, BERLIN)[11:16] for m in found] == [
        "01:00",
        "01:40",
        "03:20",
        "04:00",
    ]


def test_a_window_after_the_start() -> None:
    opens = at_wall("2026-05-04 09:00", BERLIN)
    rule = Window.model_validate(
        {"start_within": "P14D", "finish_within": "P2D", "inactivity": "PT12H"}
    )
    saved = opens + timedelta(days=1)
    late = opens + timedelta(days=15, hours=20)
    assert window(opens, rule, BERLIN) == opens + timedelta(days=14)
    quick = window(opens, rule, BERLIN, started=opens, last_saved=saved)
    assert quick == saved + timedelta(hours=12)
    assert window(opens, rule, BERLIN, started=late) == opens + timedelta(days=16)
    patient = Window.model_validate({"start_within": "P14D", "finish_within": "P2D"})
    assert window(opens, patient, BERLIN, started=opens) == opens + timedelta(days=16)


def test_reminders_keep_the_wall_time_of_the_opening() -> None:
    opens = at_wall("2026-03-27 09:00", BERLIN)
    found = reminder_times(opens, (Period(days=4), Period(minutes=60)), BERLIN)
    assert [wall_of(m, BERLIN) for m in found] == ["2026-03-31 09:00+0200", "2026-03-27 10:00+0100"]


def test_draws_are_fractions_that_depend_on_every_part() -> None:
    found = {draw("seed", code, n) for code in "ab" for n in range(100)}
    assert len(found) == 200
    assert all(0 <= number < 1 for number in found)
    assert draw("seed", "a", 1) == draw("seed", "a", 1)
