"""The `wide` table: one row a person, every score of every wave. Pure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analytics.tidy.arrays import coded, numbers, words_of
from analytics.tidy.cells import Cells
from analytics.tidy.chunk import Chunk
from analytics.tidy.fixed import Column, Table
from analytics.tidy.names import REASON, score_names
from analytics.tidy.person_waves import Cell, score_cells
from analytics.tidy.reasons import WORDS, Reason


def wide(chunk: Chunk, cells: Cells, table: Table) -> pa.RecordBatch:
    """The table of a chunk; a person without the occasion has the reason `not_in_version`."""
    made = score_cells(chunk, cells)
    names = score_names(cells.design)
    columns: dict[str, pa.Array] = {"participant": words_of(chunk.people.code)}
    for column in table.columns:
        if column.scale:
            source = made[names[column.instrument, column.scale]]
            cell = _of_people(chunk, cells, source, column)
            columns[column.name] = numbers(cell.values)
            columns[column.name + REASON] = coded(cell.reasons, WORDS)
    schema = table.schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _of_people(chunk: Chunk, cells: Cells, source: Cell, column: Column) -> Cell:
    rows = chunk.occasions
    wave = cells.design.waves.index(column.wave)
    at = np.flatnonzero((rows.wave == wave) & (rows.nth == column.nth))
    n = len(chunk.people.code)
    values = np.full(n, np.nan)
    reasons = np.full(n, Reason.NOT_IN_VERSION.code, dtype=np.int8)
    values[rows.person[at]] = source.values[at]
    reasons[rows.person[at]] = source.reasons[at]
    return Cell(values, reasons)
