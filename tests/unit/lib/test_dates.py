"""Dates and numbers for people: the reader's language and zone, the last moment that counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from surveys.lib.dates import closing, day, decimal, joined, locale_of, own_name, time_of_day

JUNE = datetime(2027, 6, 1, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [
        ("Europe/Berlin", "en", "Wednesday, 2 June 2027"),
        ("Europe/Berlin", "de", "Mittwoch, 2. Juni 2027"),
        ("Europe/Vienna", "de-AT", "Mittwoch, 2. Juni 2027"),
        ("America/Lima", "de", "Dienstag, 1. Juni 2027"),
        ("Pacific/Auckland", "en-US", "Wednesday, June 2, 2027"),
        ("Pacific/Auckland", "xx", "Wednesday, 2 June 2027"),
    ],
)
def test_days_are_told_in_the_persons_zone_and_language(
    zone: str, language: str, words: str
) -> None:
    assert day(JUNE, zone, language) == words


def test_a_window_closes_at_the_persons_own_time_of_day() -> None:
    assert closing(JUNE, "Asia/Tokyo", "de") == ("Mittwoch, 2. Juni 2027", "07:30")


@pytest.mark.parametrize(("zone", "is_midnight"), [("Europe/Berlin", True), ("UTC", False)])
def test_a_window_that_ends_at_midnight_ends_on_the_day_before(
    zone: str, is_midnight: bool
) -> None:
    midnight = datetime(2027, 3, 14, 23, 0, tzinfo=UTC)  # 00:00 on the 15th in Berlin
    expected = "23:59" if is_midnight else "23:00"
    assert closing(midnight, zone, "en") == ("Sunday, 14 March 2027", expected)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Wednesday, 2 June 2027, 00:30"),
        ("de", "Mittwoch, 2. Juni 2027, 00:30"),
        ("ar", "الأربعاء، 2 يونيو 2027، 12:30 ص"),
    ],
)
def test_a_day_and_a_time_are_joined_as_the_language_does(language: str, words: str) -> None:
    told = (day(JUNE, "Europe/Berlin", language), time_of_day(JUNE, "Europe/Berlin", language))
    assert joined(*told, language) == words


def test_languages_bear_their_own_names() -> None:
    assert [own_name(code) for code in ("de", "en", "ar")] == ["Deutsch", "English", "العربية"]
    assert str(locale_of("not-a-language")) == "en_GB"
    assert decimal(0.5, "de") == "0,5"
