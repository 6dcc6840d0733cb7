"""Dates in a mail: the reader's language, the reader's zone, the last day that counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from surveys.messaging import dates

MORNING = datetime(2027, 3, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "timezone", "words"),
    [
        ("en", "Europe/Berlin", "Monday, March 1, 2027"),
        ("de", "Europe/Berlin", "Montag, 1. März 2027"),
        ("de-AT", "Europe/Vienna", "Montag, 1. März 2027"),
        ("en", "Pacific/Auckland", "Tuesday, March 2, 2027"),
        ("en", "America/Los_Angeles", "Monday, March 1, 2027"),
        ("xx", "Europe/Berlin", "Monday, March 1, 2027"),
    ],
)
def test_a_day_reads_as_its_reader_writes_it(language: str, timezone: str, words: str) -> None:
    assert dates.day(MORNING, language, timezone) == words


def test_a_window_that_ends_at_midnight_ends_on_the_day_before() -> None:
    midnight = datetime(2027, 3, 14, 23, 0, tzinfo=UTC)  # 00:00 on the 15th in Berlin
    assert dates.last_moment(MORNING, midnight, "en", "Europe/Berlin") == "Sunday, March 14, 2027"


def test_a_short_window_says_the_time_of_day() -> None:
    closes_at = MORNING + timedelta(minutes=90)
    words = dates.last_moment(MORNING, closes_at, "de", "Europe/Berlin")
    assert words == "Montag, 1. März 2027, 17:00"
