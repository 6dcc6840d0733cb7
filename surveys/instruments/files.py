"""Instruments as YAML files: read with the place of every problem, written for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surveys.instruments import repeating
from surveys.instruments.definition import Instrument
from surveys.instruments.examples import disagreements
from surveys.lib import yamlfile


def read(path: Path) -> Instrument:
    """Read one file; raises OSError and yamlfile.DocumentError."""
    return load(path.read_bytes(), path.name)


def load(text: str | bytes, source: str) -> Instrument:
    """Read an instrument whose parts fit and whose worked examples hold; raises DocumentError."""
    parsed = repeating.written_out(yamlfile.parse(text, source))
    instrument = parsed.validate(Instrument)
    found = [parsed.problem(loc, message) for loc, message in disagreements(instrument)]
    if found:
        raise yamlfile.DocumentError(source, found)
    return instrument


def dump(instrument: Instrument) -> str:
    """The instrument as a file that `load` reads back to an equal one.

    Keys that PostgreSQL has sorted come back in the order of the languages, items and scales.
    """
    used = [item.options for item in instrument.items if item.options]
    scales = [scale.code for scale in instrument.scales]
    order = [*instrument.languages, *instrument.by_code, *scales, *used]
    rank = {key: at for at, key in reversed(list(enumerate(order)))}
    document: dict[str, Any] = _tidied(document_of(instrument), rank)
    return yamlfile.dump(document)


def document_of(instrument: Instrument) -> dict[str, Any]:
    """The instrument as JSON without defaults, so that its hash survives new optional fields."""
    return instrument.model_dump(mode="json", exclude_defaults=True)


def _tidied(value: Any, rank: Mapping[str, int]) -> Any:
    """Keys in their natural order, and whole numbers as people write them: 18, not 18.0."""
    if isinstance(value, dict):
        keys = sorted(value, key=rank.__getitem__) if value.keys() <= rank.keys() else value
        return {key: _tidied(value[key], rank) for key in keys}
    if isinstance(value, list):
        return [_tidied(child, rank) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
