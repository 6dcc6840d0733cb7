"""The time cases as one table: what people plan, and what the platform makes of it.

`test_time_cases` asks the platform each question below. The cases that need rows name the test
that lives them through; docs/reference/time-cases.md shows all of them.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple, Protocol

from tests.unit.spec.asking import (
    BERLIN,
    Apart,
    AtInstant,
    Closes,
    Days,
    InZone,
    OnDate,
    Opens,
    Waits,
)

NEW_YORK, APIA, LORD_HOWE = "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"
MONDAYS = "FREQ=WEEKLY;BYDAY=MO;COUNT=3"


class Question(Protocol):
    """Something that the platform answers in one line."""

    def answer(self) -> str: ...


class Pure(NamedTuple):
    """A case that plain functions decide."""

    number: str
    situation: str
    asked: Question
    expected: str


class Lived(NamedTuple):
    """A case that needs rows; `test` is a function of `LIVED_IN`."""

    number: str
    situation: str
    expected: str
    test: str


PURE: list[Pure] = [
    Pure("T1", "The clocks skip the wall time.", Opens("2026-03-29 02:30"), "2026-03-29 03:30 +0200 = 03-29 01:30Z"),
    Pure("T2", "The wall time comes twice: the first counts.", Opens("2026-10-25 02:30"), "2026-10-25 02:30 +0200 = 10-25 00:30Z"),
    Pure("T3", "The same in New York, in spring.", Opens("2026-03-08 02:30", NEW_YORK), "2026-03-08 03:30 -0400 = 03-08 07:30Z"),
    Pure("T3", "The same in New York, in autumn.", Opens("2026-11-01 01:30", NEW_YORK), "2026-11-01 01:30 -0400 = 11-01 05:30Z"),
    Pure("T4", "A gap of half an hour.", Opens("2026-10-04 02:15", LORD_HOWE), "2026-10-04 02:45 +1100 = 10-03 15:45Z"),
    Pure("T4", "A repeated half hour.", Opens("2026-04-05 01:45", LORD_HOWE), "2026-04-05 01:45 +1100 = 04-04 14:45Z"),
    Pure("T5", "A day that does not begin at midnight.", Opens("2026-03-29 00:00", "Asia/Beirut"), "2026-03-29 01:00 +0300 = 03-28 22:00Z"),
    Pure("T5", "A day that does not begin at midnight.", Opens("2026-04-24 00:00", "Africa/Cairo"), "2026-04-24 01:00 +0300 = 04-23 22:00Z"),
    Pure("T5", "A day that does not begin at midnight.", Opens("2026-09-06 00:30", "America/Santiago"), "2026-09-06 01:30 -0300 = 09-06 04:30Z"),
    Pure("T5", "A day that does not begin at midnight.", Opens("2026-03-29 00:30", "Atlantic/Azores"), "2026-03-29 01:30 +0000 = 03-29 01:30Z"),
    Pure("T6", "A whole day is missing: it opens a day later.", Opens("2011-12-30 09:00", APIA), "2011-12-31 09:00 +1400 = 12-30 19:00Z"),
    Pure("T6", "No day of a diary is dropped, and none comes before the one before it.", Days("2011-12-29", {"every": "P1D", "times": 4}, APIA), "2011-12-29, 2011-12-31, 2011-12-31, 2012-01-01"),
    Pure("T7", "A zone that goes back for Ramadan, before it.", Opens("2026-02-14 09:00", "Africa/Casablanca"), "2026-02-14 09:00 +0100 = 02-14 08:00Z"),
    Pure("T7", "During it.", Opens("2026-02-16 09:00", "Africa/Casablanca"), "2026-02-16 09:00 +0000 = 02-16 09:00Z"),
    Pure("T7", "After it.", Opens("2026-03-23 09:00", "Africa/Casablanca"), "2026-03-23 09:00 +0100 = 03-23 08:00Z"),
    Pure("T8", "The next day at nine, over the change to summer time.", Apart("2026-03-28", {"every": "P1D", "times": 2}), "23 h"),
    Pure("T8", "The next day at nine, over the change back.", Apart("2026-10-24", {"every": "P1D", "times": 2}), "25 h"),
    Pure("T9", "A window in hours lasts these hours.", Closes("2026-03-28 20:00", "PT72H"), "2026-03-31 21:00 +0200 = 03-31 19:00Z"),
    Pure("T9", "A window in days keeps the wall time.", Closes("2026-03-28 20:00", "P3D"), "2026-03-31 20:00 +0200 = 03-31 18:00Z"),
    Pure("T10", "A close at a repeated wall time: the last counts, so nobody loses an hour.", Closes("2026-10-24 02:30", "P1D"), "2026-10-25 02:30 +0100 = 10-25 01:30Z"),
    Pure("T10", "A close at a skipped wall time moves forward.", Closes("2026-03-28 02:30", "P1D"), "2026-03-29 03:30 +0200 = 03-29 01:30Z"),
    Pure("T11", "A year after 29 February.", Days("2024-02-29", {"offset": "P12M"}), "2025-02-28"),
    Pure("T11", "Four years after it.", Days("2024-02-29", {"offset": "P48M"}), "2028-02-29"),
    Pure("T12", "Every month from 31 January: months count from the anchor.", Days("2026-01-31", {"every": "P1M", "times": 4}), "2026-01-31, 2026-02-28, 2026-03-31, 2026-04-30"),
    Pure("T12", "The same with an offset in months.", Days("2026-01-31", {"offset": "P1M", "every": "P1M", "times": 3}), "2026-02-28, 2026-03-31, 2026-04-30"),
    Pure("T13", "Half a year after 31 August.", Days("2026-08-31", {"offset": "P6M"}), "2027-02-28"),
    Pure("T17", "A zone that nobody has.", InZone("Europe/Nowhere"), "refused: 'Europe/Nowhere' is no zone of the IANA database"),
    Pure("T17", "A zone that was removed.", InZone("US/Pacific-New"), "refused: 'US/Pacific-New' is no zone of the IANA database"),
    Pure("T17", "An old name of a zone.", InZone("Asia/Calcutta"), "is Asia/Calcutta"),
    Pure("T17", "A path.", InZone("../etc/passwd"), "refused: '../etc/passwd' is no zone of the IANA database"),
    Pure("T23", "A new year begins elsewhere first.", Opens("2027-01-01 00:15", "Asia/Tokyo"), "2027-01-01 00:15 +0900 = 12-31 15:15Z"),
    Pure("T23", "Weeks over a year with 53 of them.", Days("2026-12-28", {"every": "P1W", "times": 2}), "2026-12-28, 2027-01-04"),
    Pure("T23", "Every Monday, from a Sunday.", Days("2026-12-27", {"rrule": MONDAYS}), "2026-12-28, 2027-01-04, 2027-01-11"),
    Pure("T24", "A leap second.", OnDate("2016-12-31T23:59:60Z"), "refused"),
    Pure("T24", "The end of the calendar.", OnDate("9999-12-31"), "refused"),
    Pure("T24", "Before 1900.", OnDate("1899-12-31"), "refused"),
    Pure("T24", "An opening at the end of the calendar.", AtInstant("9999-12-31 23:00", APIA), "refused: 9999-12-31 lies outside the years 1900 to 2999"),
    Pure("T24", "An opening before 1900.", AtInstant("1899-12-31 09:00", BERLIN), "refused: 1899-12-31 lies outside the years 1900 to 2999"),
    Pure("T25", "A minute before the quiet hours.", Waits("2026-05-04 21:59"), "2026-05-04 21:59 +0200 = 05-04 19:59Z"),
    Pure("T25", "Their first minute.", Waits("2026-05-04 22:00"), "2026-05-05 08:00 +0200 = 05-05 06:00Z"),
    Pure("T25", "After midnight.", Waits("2026-05-05 03:00"), "2026-05-05 08:00 +0200 = 05-05 06:00Z"),
    Pure("T25", "Their end is not quiet.", Waits("2026-05-05 08:00"), "2026-05-05 08:00 +0200 = 05-05 06:00Z"),
    Pure("T25", "Over the change to summer time.", Waits("2026-03-28 23:00"), "2026-03-29 08:00 +0200 = 03-29 06:00Z"),
    Pure("T25", "Over the change back.", Waits("2026-10-24 23:00"), "2026-10-25 08:00 +0100 = 10-25 07:00Z"),
]  # fmt: skip

LIVED_IN = "tests.integration.messaging.test_time_cases"
LIVED: list[Lived] = [
    Lived("T14", "Somebody moves from Berlin to Auckland between waves.", "What is ahead keeps its wall time there, in order, never before the present and never two on one day; what has opened stays; it is recorded.", "test_t14_a_move_shifts_what_is_ahead_and_is_recorded"),
    Lived("T15", "Somebody moves east, so that a due time has just passed.", "It opens and is sent at once while its window is open; else it keeps its moment. Nothing is skipped unseen.", "test_t15_what_has_just_passed_there_is_sent_at_once"),
    Lived("T16", "Somebody moves west after today's mail, whose hour comes again.", "It is not sent again.", "test_t16_what_was_sent_is_not_sent_again"),
    Lived("T18", "The zone database changes the offset of a day to come.", "The next plan moves what is ahead to the same wall time, and the change is recorded.", "test_t18_a_new_zone_database_moves_what_is_ahead"),
    Lived("T19", "The clock of a worker is an hour wrong.", "Nothing is sent early or late and leases hold: the database's clock alone counts.", "test_t19_a_worker_with_a_wrong_clock_does_no_harm"),
    Lived("T20", "A new database server's clock is five seconds behind.", "Nothing is sent twice; a lease outlasts the difference many times.", "test_t20_a_database_clock_that_goes_back_doubles_nothing"),
    Lived("T21", "Nothing ran for 36 hours.", "What is overdue and open is sent once, one mail a person and run, a reminder never before its invitation; what has closed is missed and listed.", "test_t21_after_an_outage_each_gets_one_mail_and_what_closed_is_missed"),
    Lived("T22", "Answers arrive at the moment of the close.", "Until a microsecond before it they are taken; from it on they are refused, and what was saved before stays. Who has begun has `finish_within` as grace.", "test_t22_a_window_takes_answers_until_right_before_its_close"),
    Lived("T25", "A mail falls into quiet hours in the night in which the clocks change.", "It goes out once, at eight on the new clock.", "test_t25_quiet_hours_over_a_clock_change_end_once"),
    Lived("T26", "Two waves fall on 28 February, one by the length of the month.", "Both open; their mails come in the protocol's order, half an hour apart.", "test_t26_waves_that_collide_write_in_order_and_apart"),
]  # fmt: skip


def number_of(case: Pure | Lived) -> int:
    """The case's number, to sort by."""
    return int(case.number[1:])


EVERY: list[Pure | Lived] = sorted(itertools.chain[Pure | Lived](PURE, LIVED), key=number_of)


def reference_page() -> str:
    """docs/reference/time-cases.md; `manage.py reference` writes it and a test compares."""
    lines = [
        "# Time cases",
        "",
        "Generated by `manage.py reference` from `tests/unit/spec/time_cases.py`; do not edit. Each row is a",
        "test: `tests/unit/spec/test_time_cases.py` asks the question, the others live through it with a",
        "real database. `Z` marks UTC.",
        "",
        "| case | situation | asked | what happens | tested in |",
        "|---|---|---|---|---|",
    ]
    for case in EVERY:
        if isinstance(case, Pure):
            asked, where = str(case.asked), f"`tests/unit/spec`, {case.number}"
        else:
            asked, where = "", f"`{LIVED_IN.replace('.', '/')}.py`, `{case.test}`"
        lines.append(f"| {case.number} | {case.situation} | {asked} | {case.expected} | {where} |")
    return "\n".join(lines) + "\n"
