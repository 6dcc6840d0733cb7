"""The time rules beyond the numbered cases, which stand in `tests/unit/spec/time_cases.py`."""

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
    instant,
    local,
    moments,
    quiet,
    reminder_times,
    window,
)
from surveys.design.timing import Schedule, Window
from surveys.lib.draws import draw

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


def test_months_count_from_a_first_day() -> None:
    found = plan(date(2026, 1, 25), at="09:00", offset="P7D", every="P1M", times=2)
    assert [str(moment.day) for moment in found] == ["2026-02-01", "2026-03-01"]
    assert {moment.at for moment in found} == {time(9)}


@pytest.mark.parametrize(
    "impossible",
    [
        pytest.param(lambda: local(datetime.max.replace(tzinfo=UTC), "Asia/Tokyo"), id="local"),
        pytest.param(lambda: after(utc("2999-12-01"), Period(months=2), BERLIN), id="months"),
        pytest.param(lambda: after(utc("9999-12-31"), Period(minutes=9999), BERLIN), id="hours"),
        pytest.param(lambda: Period(days=36_525).after(date(9990, 1, 1)), id="days"),
        pytest.param(lambda: Period(months=1200).after(date(9990, 1, 1), 9), id="years"),
        pytest.param(lambda: instant(date(2026, 1, 1), time(9), "Europe/Nowhere"), id="zone"),
        pytest.param(lambda: local(datetime(2026, 1, 1), BERLIN), id="naive"),  # noqa: DTZ001  # the case
    ],
)
def test_impossible_times_are_value_errors(impossible: Any) -> None:
    with pytest.raises(ValueError, match=r"outside|no zone|no time zone"):
        impossible()


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
