"""The instruments that ship with the platform: all wording is the project's own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files as resources

from surveys.instruments import files
from surveys.instruments.definition import Instrument


@cache
def shipped() -> tuple[Instrument, ...]:
    """Every shipped instrument, in the order of its code."""
    found = [entry for entry in resources(__name__).iterdir() if entry.name.endswith(".yaml")]
    return tuple(
        files.load(entry.read_bytes(), entry.name) for entry in sorted(found, key=lambda e: e.name)
    )
