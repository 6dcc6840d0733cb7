"""Instruments as YAML files: read with the place of every problem, written for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surveys.instruments.definition import Instrument
from surveys.instruments.examples import disagreements
from surveys.lib import yamlfile


def read(path: Path) -> Instrument:
    """Read one file; raises OSError and yamlfile.DocumentError."""
    return load(path.read_bytes(), path.name)


def load(text: str | bytes, source: str) -> Instrument:
    """Read an instrument whose parts fit and whose worked examples hold; raises DocumentError."""
    parsed = yamlfile.parse(text, source)
    instrument = parsed.validate(Instrument)
    found = [parsed.problem(loc, message) for loc, message in disagreements(instrument)]
    if found:
        raise yamlfile.DocumentError(source, found)
    return instrument


def dump(instrument: Instrument) -> str:
    """The instrument as a file that `load` reads back to an equal one."""
    document: dict[str, Any] = _shortened(document_of(instrument))
    return yamlfile.dump(document)


def document_of(instrument: Instrument) -> dict[str, Any]:
    """The instrument as JSON without defaults, so that its hash survives new optional fields."""
    return instrument.model_dump(mode="json", exclude_defaults=True)


def _shortened(value: Any) -> Any:
    """Whole numbers as people write them: 18, not 18.0."""
    if isinstance(value, dict):
        return {key: _shortened(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_shortened(child) for child in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
