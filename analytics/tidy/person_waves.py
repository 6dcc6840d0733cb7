"""The `person_waves` table: one row an occasion, every item and score beside its reason. Pure.

A cell is planned when the wave asks the instrument in any protocol version. Where the version of
this occasion does not have it, the reason is `not_in_version`; where the wave never asks it, value
and reason are both empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analytics.tidy.arrays import Floats, Ints, coded, moments, numbers, whole
from analytics.tidy.cells import Cells
from analytics.tidy.chunk import Chunk, Filled
from analytics.tidy.columns import is_text
from analytics.tidy.design import Design
from analytics.tidy.fixed import Table
from analytics.tidy.flat import attention, disposition, occasion_key
from analytics.tidy.long import missing_reasons, score_reasons
from analytics.tidy.names import REASON, Key, item_names, score_names, version_names
from analytics.tidy.reasons import NONE, WORDS, Codes, Reason


@dataclass
class Cell:
    """One column's values and reasons; `texts` replaces `values` for text items."""

    values: Floats
    reasons: Codes
    texts: list[str | None] | None = None

    @property
    def array(self) -> pa.Array:
        """The value column."""
        return numbers(self.values) if self.texts is None else pa.array(self.texts, pa.string())


def person_waves(chunk: Chunk, cells: Cells, table: Table) -> pa.RecordBatch:
    """The table of a chunk; `table` is its entry in `columns.tables`."""
    design, rows = cells.design, chunk.occasions
    plans = np.array([plan.version for plan in design.plans] or [0], dtype=np.int32)
    finished = np.where(rows.state == "completed", rows.ended, np.iinfo(np.int64).min)
    columns = occasion_key(chunk, cells) | {
        "protocol_version": whole(plans[rows.plan]),
        "planned_at": moments(rows.opens),
        "started_at": moments(rows.started),
        "finished_at": moments(finished),
        "disposition": disposition(chunk, cells),
        **attention(chunk, cells),
    }
    for name, version in _versions(chunk, cells):
        columns[name] = whole(version, version == 0)
    for name, cell in {**item_cells(chunk, cells), **score_cells(chunk, cells)}.items():
        columns[name], columns[name + REASON] = cell.array, coded(cell.reasons, WORDS)
    schema = table.schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def item_cells(chunk: Chunk, cells: Cells) -> dict[str, Cell]:
    """Every item column by its name."""
    design, names = cells.design, item_names(cells.design)
    made = _blank(chunk, design, names)
    for (instrument, item), name in names.items():
        if is_text(design, instrument, item):
            made[name].texts = [None] * len(chunk.occasions)
    for form_at, form in enumerate(design.forms):
        asking = cells.asking(form_at)
        planned = cells.item_reasons(asking, form_at)
        for j, question in enumerate(form.questions):
            reasons = made[names[form.code, question.code]].reasons
            reasons[cells.occasion[asking]] = planned[:, j]
    for filled in chunk.filled:
        form = design.forms[filled.form]
        reasons = missing_reasons(filled, cells.item_reasons(cells.of(filled), filled.form))
        for j, question in enumerate(form.questions):
            cell = made[names[form.code, question.code]]
            cell.values[filled.occasion] = filled.numbers[:, j]
            cell.reasons[filled.occasion] = reasons[:, j]
            if cell.texts is not None:
                _write_texts(cell.texts, filled, j)
    return made


def _write_texts(texts: list[str | None], filled: Filled, j: int) -> None:
    coded = [None if np.isnan(number) else f"{number:.15g}" for number in filled.numbers[:, j]]
    written = filled.texts[j].to_pylist() if j in filled.texts else coded
    found = [code if text is None else text for text, code in zip(written, coded, strict=True)]
    for occasion, text in zip(filled.occasion, found, strict=True):
        texts[occasion] = text


def score_cells(chunk: Chunk, cells: Cells) -> dict[str, Cell]:
    """Every score column by its name."""
    design, names = cells.design, score_names(cells.design)
    made = _blank(chunk, design, names)
    for form_at, form in enumerate(design.forms):
        asking = cells.asking(form_at)
        planned = cells.score_reasons(asking, form_at)
        for m, measure in enumerate(form.measures):
            reasons = made[names[form.code, measure.code]].reasons
            reasons[cells.occasion[asking]] = planned[:, m]
    for filled in chunk.filled:
        form = design.forms[filled.form]
        reasons = score_reasons(form, filled, cells.score_reasons(cells.of(filled), filled.form))
        for m, measure in enumerate(form.measures):
            cell = made[names[form.code, measure.code]]
            cell.values[filled.occasion] = filled.scored.value[:, m]
            cell.reasons[filled.occasion] = reasons[:, m]
    return made


def _blank(chunk: Chunk, design: Design, names: Mapping[Key, str]) -> dict[str, Cell]:
    """Columns without values; the reason says `not_in_version` in waves that ask the instrument."""
    n, absent = len(chunk.occasions), Reason.NOT_IN_VERSION.code
    made: dict[str, Cell] = {}
    asked = {
        code: np.array(
            [code in {design.forms[f].code for f in design.forms_of(w)} for w in design.waves]
            or [False]
        )
        for code in design.instruments
    }
    for (instrument, _), name in names.items():
        is_asked = asked[instrument][chunk.occasions.wave]
        reasons = np.where(is_asked, np.int8(absent), np.int8(NONE))
        made[name] = Cell(np.full(n, np.nan), reasons)
    return made


def _versions(chunk: Chunk, cells: Cells) -> Iterator[tuple[str, Ints]]:
    design = cells.design
    for instrument, name in version_names(design).items():
        version = np.zeros(len(chunk.occasions), dtype=np.int32)
        for form_at in design.versions_of(instrument):
            version[cells.occasion[cells.asking(form_at)]] = design.forms[form_at].version
        yield name, version
