"""The instruments that ship with the platform: the project's own, and published ones as keys.

All wording is the project's own. Keys of published instruments stand in `published/` and have none;
researchers add the wording that they hold the rights to (`instruments.wording`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

from surveys.instruments import files
from surveys.instruments.definition import Instrument


def entries() -> list[Traversable]:
    """The shipped files with wording, in the order of their names."""
    return _files(resources(__name__))


def published_entries() -> list[Traversable]:
    """The files of published keys, in the order of their names."""
    return _files(resources(__name__).joinpath("published"))


@cache
def shipped() -> tuple[Instrument, ...]:
    """Every shipped instrument with wording, in the order of its code."""
    return tuple(files.load(entry.read_bytes(), entry.name) for entry in entries())


@cache
def published() -> dict[str, Instrument]:
    """Every published key by its ref; none of them can be asked before it has wording."""
    found = (files.load(entry.read_bytes(), entry.name) for entry in published_entries())
    return {instrument.ref: instrument for instrument in found}


def _files(folder: Traversable) -> list[Traversable]:
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return sorted(found, key=lambda entry: entry.name)
