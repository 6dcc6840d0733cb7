"""Protocol rules in words, as a table of examples."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.console import words
from surveys.design.periods import Period
from surveys.design.protocol import Protocol, Schedule, Wave, Window
from tests.world import protocol_document, wave_document


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("P3M", "3 months"),
        ("P1D", "1 day"),
        ("P2W", "14 days"),
        ("PT90M", "90 minutes"),
        ("PT1H", "1 hour"),
        ("P1DT12H", "1 day 12 hours"),
        ("P0D", "no time"),
    ],
)
def test_periods(period: str, said: str) -> None:
    assert words.period(Period.parse(period)) == said


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"anchor": "enrollment"}, "at enrolment"),
        ({"anchor": "enrollment", "offset": "P3M", "at": "09:00"}, "3 months after enrolment, at 09:00"),
        ({"anchor": "baseline.completed", "offset": "P7D"}, "7 days after the completion of baseline"),
        ({"anchor": "therapy_start"}, "on the date 'therapy_start'"),
        ({"date": "2027-10-04", "at": "18:00"}, "on 2027-10-04, at 18:00"),
        ({"event": "participant"}, "when the participant starts it"),
        (
            {"anchor": "enrollment", "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=10", "at": "18:00"},
            "at enrolment, at 18:00, on the dates of the rule FREQ=WEEKLY;BYDAY=MO;COUNT=10",
        ),
        (
            {"event": "participant", "times": 20, "min_gap": "PT6H"},
            "when the participant starts it, up to 20 times, at least 6 hours apart",
        ),
        (
            {"anchor": "enrollment", "at": "09:00", "own_time": True},
            "at enrolment, at 09:00 or their own time of day",
        ),
        (
            {
                "anchor": "enrollment",
                "offset": "P1D",
                "every": "P1D",
                "times": 14,
                "random_between": ["10:00", "21:00"],
                "per_day": 3,
                "min_gap": "PT2H",
            },
            "1 day after enrolment, then every day, 14 times in all, at random between 10:00 and"
            " 21:00, 3 times a day, at least 2 hours apart",
        ),
    ],
)  # fmt: skip
def test_schedules(schedule: dict[str, Any], said: str) -> None:
    assert words.when(Schedule.model_validate(schedule)) == said


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ({"start_within": "P14D"}, "14 days to start"),
        (
            {"start_within": "P14D", "finish_within": "P2D", "inactivity": "PT12H"},
            "14 days to start, then 2 days to finish, closes after 12 hours without an answer",
        ),
    ],
)
def test_windows(window: dict[str, Any], said: str) -> None:
    assert words.window(Window.model_validate(window)) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "everybody"),
        ({"arms": ["program"]}, "arm program"),
        ({"share": 0.5}, "50% of everybody, drawn by lot"),
        ({"only_if": "baseline.completed"}, "everybody, if baseline.completed"),
    ],
)
def test_who_is_asked(changes: dict[str, Any], said: str) -> None:
    wave = Wave.model_validate(wave_document("m3", "P3M", **changes))
    assert words.whom(wave) == said


def test_a_protocol_becomes_one_row_a_wave() -> None:
    baseline, m3 = words.waves(Protocol.model_validate(protocol_document()), "de")
    assert (baseline.code, baseline.title, baseline.when) == (
        "baseline",
        "Baseline",
        "at enrolment, at 09:00",
    )
    assert (m3.reminders, m3.instruments) == ("after 3 days", ("calm@1",))


def test_a_wave_without_a_title_goes_by_its_code() -> None:
    wave = Wave.model_validate(wave_document("m3", "P3M", title=None))
    assert words.wave_title(wave, "en") == "m3"
