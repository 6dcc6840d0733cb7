"""All tables of a chunk in one call, and that of the study; `analytics.actions` writes what this makes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

import pyarrow as pa

from analytics.tidy import flat, long
from analytics.tidy.cells import Cells, cells_of
from analytics.tidy.chunk import Chunk, SignUps
from analytics.tidy.design import Design
from analytics.tidy.fixed import Table
from analytics.tidy.person_waves import person_waves
from analytics.tidy.wide import wide

Maker = Callable[[Chunk, Cells, Table], pa.RecordBatch]

MAKERS: Mapping[str, Maker] = {
    "participants": lambda chunk, _cells, table: flat.participants(chunk, table.schema),
    "occasions": lambda chunk, cells, table: flat.occasions(chunk, cells, table.schema),
    "answers": lambda chunk, cells, table: long.answers(chunk, cells, table.schema),
    "scores": lambda chunk, cells, table: long.scores(chunk, cells, table.schema),
    "person_waves": person_waves,
    "wide": wide,
    "messages": lambda chunk, cells, table: flat.messages(chunk, cells, table.schema),
    "consents": lambda chunk, _cells, table: flat.consents(chunk, table.schema),
}
SIGN_UPS = "sign_ups"  # of the study, and in no chunk
ALL = (*MAKERS, SIGN_UPS)


def make_sign_ups(table: Table, rows: SignUps) -> pa.RecordBatch:
    """The rows of the one table that tells of days instead of people."""
    return flat.sign_ups(rows, table.schema)


def make(
    design: Design, tables: Mapping[str, Table], chunk: Chunk, only: Collection[str] = MAKERS
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Name and rows of each table, in the order of the contract."""
    cells = cells_of(design, chunk)
    for name, maker in MAKERS.items():
        if name in only:
            yield name, maker(chunk, cells, tables[name])
