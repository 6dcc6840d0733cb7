"""Ask for a bundle, and build it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from analytics.formats import chosen
from analytics.formats.writers import Behind, Writer
from analytics.source import Snapshot, snapshot
from analytics.tidy.columns import Table, tables
from analytics.tidy.design import Design
from analytics.tidy.make import MAKERS, make
from surveys.design.models import Study


@dataclass(frozen=True)
class Written:
    """What was written: the design, the tables, and how many rows each has."""

    design: Design
    tables: dict[str, Table]
    as_of: datetime | None
    rows: Counter[str] = field(default_factory=Counter)


def write_tables(
    study: Study, formats: Sequence[str], folder: Path, *, only: Collection[str] = MAKERS
) -> Written:
    """Write the tables of one snapshot into a folder, each in every format."""
    with snapshot(study) as source:
        return _write(source, formats, folder, only)


def _write(
    source: Snapshot, formats: Sequence[str], folder: Path, only: Collection[str]
) -> Written:
    listed = dict(tables(source.design))
    written = Written(source.design, listed, source.as_of)
    with ExitStack() as open_files, Behind() as behind:
        writers: dict[str, list[Writer]] = {}
        for name in (name for name in MAKERS if name in only):
            written.rows[name] = 0
            writers[name] = []
            for form in chosen(list(formats)):
                writer = form.open(folder / f"{name}{form.suffix}", listed[name])
                open_files.callback(writer.close)
                writers[name].append(writer)
        for chunk in source.chunks():
            for name, batch in make(source.design, listed, chunk, only):
                written.rows[name] += batch.num_rows
                behind.write(writers[name], batch)
    return written
