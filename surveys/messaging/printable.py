"""What others' servers say, fit to be kept and shown: no address, no personal link, one line. Pure."""

from __future__ import annotations

import re

LONGEST = 300
_ADDRESS = re.compile(r"[^\s<>@,;:\"']+@[^\s<>@,;:\"']+")
_TOKEN = re.compile(r"\ba[a-z2-7]{52}z\b", re.IGNORECASE)  # of a personal link
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def printable(words: str) -> str:
    """The words as one line; addresses stay in `identity`, and personal links with their owners."""
    line = _BLANK.sub(" ", words).strip()
    return _ADDRESS.sub("‹address›", _TOKEN.sub("‹token›", line))[:LONGEST]
