"""File formats: one module each, and this registry. `analytics.actions` opens writers from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from analytics.formats.csv_format import CsvWriter
from analytics.formats.parquet_format import ParquetWriter
from analytics.formats.writers import Writer
from analytics.tidy.fixed import Table


@dataclass(frozen=True)
class Format:
    """How tables become files of one kind."""

    code: str
    title: str
    suffix: str
    open: Callable[[Path, Table], Writer]


FORMATS: Mapping[str, Format] = {
    found.code: found
    for found in (
        Format("csv", "CSV (UTF-8, comma, decimal point)", ".csv", CsvWriter),
        Format("parquet", "Parquet", ".parquet", ParquetWriter),
    )
}


class UnknownFormat(ValueError):
    """Not a format of the registry."""


def chosen(codes: list[str]) -> list[Format]:
    """The formats by their codes, each once and in the registry's order."""
    if unknown := sorted(set(codes) - FORMATS.keys()):
        raise UnknownFormat(f"no such format: {', '.join(unknown)}; there are {', '.join(FORMATS)}")
    if not codes:
        raise UnknownFormat(f"choose at least one format of {', '.join(FORMATS)}")
    return [found for code, found in FORMATS.items() if code in codes]
