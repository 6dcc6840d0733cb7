"""A calendar file with one entry (RFC 5545), which the thanks page offers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

WIDTH = 75  # octets of a line, without its end
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})
_DAY = timedelta(days=1)


def calendar_file(*, uid: str, summary: str, begins: datetime | date, now: datetime) -> bytes:
    """One entry that begins at a moment (in UTC, without length), or that takes a whole day."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Study platform//Participants//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_utc(now)}",
        *_times(begins),
        f"SUMMARY:{summary.translate(_ESCAPES)}",
        "TRANSP:TRANSPARENT",
        "CLASS:PRIVATE",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(piece for line in lines for piece in _folded(line))


def _times(begins: datetime | date) -> list[str]:
    if isinstance(begins, datetime):
        return [f"DTSTART:{_utc(begins)}"]
    return [
        f"DTSTART;VALUE=DATE:{begins:%Y%m%d}",
        f"DTEND;VALUE=DATE:{begins + _DAY:%Y%m%d}",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> Iterator[bytes]:
    """The line in pieces of at most 75 octets, none of which splits a character."""
    piece = b""
    for character in line:
        encoded = character.encode()
        if len(piece) + len(encoded) > WIDTH:
            yield piece + b"\r\n"
            piece = b" "
        piece += encoded
    yield piece + b"\r\n"
