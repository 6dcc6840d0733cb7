"""The instruments that ship with the platform: all wording is the project's own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

from surveys.instruments import files
from surveys.instruments.definition import Instrument


def entries() -> list[Traversable]:
    """The shipped files, in the order of their names."""
    found = [entry for entry in resources(__name__).iterdir() if entry.name.endswith(".yaml")]
    return sorted(found, key=lambda entry: entry.name)


@cache
def shipped() -> tuple[Instrument, ...]:
    """Every shipped instrument, in the order of its code."""
    return tuple(files.load(entry.read_bytes(), entry.name) for entry in entries())
