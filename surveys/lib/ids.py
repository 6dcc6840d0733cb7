"""Identifiers: time-ordered UUIDs for rows, short codes for people."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from uuid import UUID

CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U


def uuid7() -> UUID:
    """A time-ordered UUID (RFC 9562, version 7): made here so that rows can be bulk-copied."""
    millis = time.time_ns() // 1_000_000
    tail = int.from_bytes(os.urandom(10), "big")
    value = (millis & 0xFFFF_FFFF_FFFF) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def uuid7_texts(n: int) -> Iterator[str]:
    """`n` such UUIDs as text, each greater than the one before: for `COPY`, in order of writing.

    After the time come 32 bits that count up from a random start, then 42 random bits.
    """
    millis = f"{time.time_ns() // 1_000_000:012x}"
    head = f"{millis[:8]}-{millis[8:]}-7"
    start = int.from_bytes(os.urandom(4), "big") >> 1
    noise = os.urandom(6 * n)
    for i in range(n):
        count = start + i
        tail = int.from_bytes(noise[6 * i : 6 * i + 6], "big") & 0x3FF_FFFF_FFFF
        yield (
            f"{head}{count >> 20:03x}-{0x8000 | count >> 6 & 0x3FFF:04x}-"
            f"{(count & 0x3F) << 42 | tail:012x}"
        )


def participant_code() -> str:
    """A pseudonym that says nothing: random, not sequential, easy to read aloud."""
    letters = [secrets.choice(CODE_ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


def staff_code() -> str:
    """What the audit trail calls a staff member: never their name or address."""
    return "S-" + "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))


def alert_code() -> str:
    """What mails and pages call an alert: random, easy to read aloud, and no one's pseudonym."""
    return "A-" + "".join(secrets.choice(CODE_ALPHABET) for _ in range(8))
