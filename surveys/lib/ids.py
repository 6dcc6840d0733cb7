"""Identifiers: time-ordered UUIDs for rows, short codes for people."""

from __future__ import annotations

import os
import secrets
import time
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


def participant_code() -> str:
    """A pseudonym that says nothing: random, not sequential, easy to read aloud."""
    letters = [secrets.choice(CODE_ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])
