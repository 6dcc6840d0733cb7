"""What a protocol refuses beyond the examples of the study file tests, and what it allows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.design import zones
from surveys.design.periods import Period
from surveys.design.timing import Schedule, Window
from tests.unit.design.studies import protocol

WAVES: list[dict[str, Any]] = protocol().model_dump(mode="json", exclude_none=True)["waves"]


@pytest.mark.parametrize(
    ("text", "period", "written"),
    [
        ("P3M", Period(months=3), "P3M"),
        ("P1Y6M", Period(months=18), "P18M"),
        ("P2W", Period(days=14), "P14D"),
        ("PT90M", Period(minutes=90), "PT90M"),
        ("PT36H", Period(minutes=2160), "PT36H"),
        ("P1DT12H30M", Period(days=1, minutes=750), "P1DT750M"),
        ("P0D", Period(), "P0D"),
    ],
)
def test_durations_are_read_and_written(text: str, period: Period, written: str) -> None:
    assert Period.parse(text) == period
    assert str(period) == written


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P3", "3M", "P-3M", "P1.5D", "P3M\n", "P٣M", "P101Y", "P" + "9" * 50 + "D"],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration such as|longer than a hundred years"):
        Period.parse(text)


@given(st.builds(Period, *[st.integers(0, 1200)] * 3))
def test_every_duration_reads_back(period: Period) -> None:
    assert Period.parse(str(period)) == period


@given(st.dates(date(1900, 1, 1), date(2900, 1, 1)), st.integers(0, 1200), st.integers(0, 900))
def test_months_clamp_to_the_months_end(day: date, months: int, days: int) -> None:
    found = Period(months=months).after(day)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day <= day.day
    assert (Period(months=months, days=days).after(day) - found).days == days


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({}, "exactly one of"),
        ({"anchor": "enrollment", "date": "2027-01-01"}, "exactly one of"),
        ({"date": "2027-01-01", "offset": "P1D"}, "'offset' counts from an anchor"),
        ({"date": "1899-01-01"}, "a year between 1900 and 2999"),
        ({"date": "9999-12-31"}, "a year between 1900 and 2999"),
        ({"event": "participant", "at": "09:00"}, "'at' has no meaning"),
        ({"anchor": "a", "times": 3}, "'times' needs 'every'"),
        ({"anchor": "a", "every": "P0D", "times": 3}, "longer than nothing"),
        ({"anchor": "a", "every": "P100Y", "times": 3}, "more than a hundred years"),
        ({"anchor": "a", "offset": "PT3H", "at": "09:00"}, "expected whole days"),
        ({"anchor": "a", "at": "09:00", "random_between": ["10:00", "11:00"]}, "not both"),
        ({"anchor": "a", "random_between": ["11:00", "10:00"]}, "begin before it ends"),
        ({"anchor": "a", "per_day": 2}, "'per_day' needs 'random_between'"),
        ({"anchor": "a", "random_between": ["10:00", "11:00"], "min_gap": "PT1H"}, "'per_day' of 2"),
        (
            {"anchor": "a", "random_between": ["10:00", "11:00"], "per_day": 2, "min_gap": "P1D"},
            "hours or minutes",
        ),
        (
            {"anchor": "a", "random_between": ["10:00", "11:00"], "every": "PT3H", "times": 2},
            "draws within a day",
        ),
        (
            {"anchor": "a", "random_between": ["10:00", "10:10"], "per_day": 20},
            "20 prompts 1 minutes apart need 19 minutes, but 10:00 to 10:10 has 10",
        ),
        (
            {"anchor": "a", "every": "P1D", "times": 900, "random_between": ["10:00", "20:00"], "per_day": 3},
            "2700 occasions a person",
        ),
    ],
)  # fmt: skip
def test_a_schedule_that_makes_no_sense(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Schedule.model_validate(rule)


def test_a_window_needs_a_length() -> None:
    with pytest.raises(ValidationError, match="'start_within' must be longer than nothing"):
        Window(start_within=Period())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"arms": []}, "'allocation' needs 'arms'"),
        ({"anchors": ["enrollment", "course_start"]}, "every study's own anchor"),
        ({"anchors": ["course_start", "course_start"]}, "anchor 'course_start' stands twice"),
        (
            {"allocation": {"method": "permuted-blocks", "block_sizes": [4], "strata": ["a", "a"]}},
            "stratum 'a' stands twice",
        ),
    ],
)
def test_a_protocol_that_does_not_hang_together(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        protocol(**changes)


def test_a_wave_may_hang_on_the_completion_of_an_earlier_planned_one() -> None:
    late = {"code": "late", "instruments": ["calm@1"]}
    for before in ("m3", "diary"):
        schedule = {"anchor": f"{before}.completed", "offset": "P7D"}
        found = protocol(waves=[*WAVES, late | {"schedule": schedule}])
        assert found.by_code["late"].schedule.anchor == f"{before}.completed"
    own = {"code": "own", "instruments": ["calm@1"], "schedule": {"event": "participant"}}
    with pytest.raises(ValidationError, match="'own' is started by participants and never over"):
        protocol(waves=[*WAVES, own, late | {"schedule": {"anchor": "own.completed"}}])


def test_a_wave_asks_an_instrument_once() -> None:
    with pytest.raises(ValidationError, match="instrument 'calm@1' stands twice"):
        protocol(waves=[WAVES[0] | {"instruments": ["calm@1", "calm@1"]}])


def test_old_zone_spellings_are_zones_and_places_nowhere_are_not() -> None:
    assert zones.checked("Asia/Calcutta") == "Asia/Calcutta"
    for name in ("localtime", "Factory", "", "../zone", "europe/berlin"):
        with pytest.raises(ValueError, match="no zone of the IANA database"):
            zones.checked(name)


def test_a_participants_own_wave_reads_back_from_its_stored_form() -> None:
    schedule = Schedule(event="participant")
    assert Schedule.model_validate(schedule.model_dump(mode="json", exclude_none=True)) == schedule


def test_what_hangs_on_the_end_of_a_wave() -> None:
    late = {"code": "late", "instruments": ["calm@1"]}
    after_m3 = late | {"schedule": {"anchor": "m3.completed", "offset": "P7D"}}
    if_diary = late | {"schedule": {"anchor": "enrollment"}, "only_if": "!diary.completed"}
    if_worried = late | {
        "schedule": {"anchor": "enrollment"},
        "only_if": 'm3.scores["calm"].calm > 1.0',
    }

    def hanging(*waves: dict[str, Any]) -> list[str]:
        found = protocol(waves=[*WAVES, *waves])
        return [wave.code for wave in found.waves if found.hangs_on(wave.code)]

    assert hanging() == ["baseline"]  # of which the study's m3 asks
    assert hanging(after_m3) == hanging(if_worried) == ["baseline", "m3"]
    assert hanging(if_diary) == ["baseline", "diary"]


def test_the_language_that_is_spoken() -> None:
    found = protocol(languages=["en", "de"])
    assert found.spoken("fr", "de", "en") == "de"
    assert found.spoken("fr", "") == found.spoken() == "en"
