"""Random draws that follow from their parts alone: nothing is stored, everything comes again. Pure."""

from __future__ import annotations

import hashlib


def draw(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`: the source of all random times."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (1 << 53)
