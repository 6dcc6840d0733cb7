"""A calendar entry that calendars read, whatever stands in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from surveys.portal.calendar_file import WIDTH, calendar_file

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def written(summary: str = "Next", begins: datetime | date = NOW) -> bytes:
    return calendar_file(uid="a1@study.example", summary=summary, begins=begins, now=NOW)


def unfolded(content: bytes) -> list[str]:
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def test_a_moment_is_written_in_utc() -> None:
    east = datetime(2027, 6, 1, 9, 0, tzinfo=timezone(timedelta(hours=10)))
    lines = unfolded(written(begins=east))
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    assert "DTSTART:20270531T230000Z" in lines
    assert "DTSTAMP:20270301T090000Z" in lines
    assert "UID:a1@study.example" in lines


def test_a_day_ends_before_the_next_one() -> None:
    lines = unfolded(written(begins=date(2027, 12, 31)))
    assert "DTSTART;VALUE=DATE:20271231" in lines
    assert "DTEND;VALUE=DATE:20280101" in lines


def test_what_steers_is_escaped() -> None:
    assert "SUMMARY:a\\, b\\; c\\\\d\\ne" in unfolded(written("a, b; c\\d\r\ne"))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_lines_are_short_and_no_character_is_split(summary: str) -> None:
    content = written(summary)
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    for line in content.split(b"\r\n"):
        assert len(line) <= WIDTH
        line.decode()
    (read,) = (line for line in unfolded(content) if line.startswith("SUMMARY:"))
    assert (
        read.removeprefix("SUMMARY:").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
        == summary
    )
