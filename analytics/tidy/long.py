"""The long tables: one row an item, one row a score. Pure; made for millions of rows.

Every column is filled as an array of places in short word lists and turned into Arrow once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.tidy.arrays import Floats, Ints, coded, numbers, whole, words_of
from analytics.tidy.attention import outcomes
from analytics.tidy.cells import Cells
from analytics.tidy.chunk import (
    ANSWERED,
    BRANCHED_OUT,
    BRANCHED_OUT_CODE,
    NO_TARGET,
    NO_TARGET_CODE,
    NOT_SHOWN,
    SKIPPED,
    SKIPPED_CODE,
    Chunk,
    Filled,
)
from analytics.tidy.design import Design, Form, Measure
from analytics.tidy.reasons import NONE, WORDS, Reason

Places: TypeAlias = NDArray[np.intp]
Coding: TypeAlias = tuple[tuple[int, int], ...]  # an option's code, the place of its label


class Rows:
    """The rows of a long table before they become Arrow: `sizes[form]` rows for each cell."""

    def __init__(self, chunk: Chunk, cells: Cells, sizes: Sequence[int]) -> None:
        self.chunk, self.cells, self.sizes = chunk, cells, sizes
        self.n_of_cell = np.array([*sizes, 0])[cells.form]
        ends = np.cumsum(self.n_of_cell)
        self.first = ends - self.n_of_cell
        self.n = int(ends[-1]) if len(ends) else 0

    def of(self, cells: Places, form: int) -> Places:
        """n x k: the rows of some cells that ask one form."""
        rows: Places = self.first[cells][:, None] + np.arange(self.sizes[form])
        return rows

    def spread(self, per_cell: NDArray[Any]) -> NDArray[Any]:
        """A value of each cell, for each of its rows."""
        return np.repeat(per_cell, self.n_of_cell)

    def words(self, of_form: Sequence[Sequence[str]]) -> pa.DictionaryArray:
        """A word that depends on the form and the place in it, such as the item's code."""
        listed = list(dict.fromkeys(word for words in of_form for word in words))
        place = {word: at for at, word in enumerate(listed)}
        indices = np.empty(self.n, dtype=np.int32)
        for form, words in enumerate(of_form):
            cells = self.cells.asking(form)
            if len(cells):
                indices[self.of(cells, form)] = np.array([place[w] for w in words], dtype=np.int32)
        return coded(indices, listed)

    def key(self) -> dict[str, pa.Array]:
        """participant, wave, nth, instrument."""
        occasions, design = self.chunk.occasions, self.cells.design
        at = self.cells.occasion
        codes = list(dict.fromkeys(form.code for form in design.forms))
        of_form = np.array([codes.index(form.code) for form in design.forms] or [0], np.int32)
        return {
            "participant": coded(self.spread(occasions.person[at]), list(self.chunk.people.code)),
            "wave": coded(self.spread(occasions.wave[at]), design.waves),
            "nth": whole(self.spread(occasions.nth[at])),
            "instrument": coded(self.spread(of_form[self.cells.form]), codes),
        }

    def version(self) -> pa.Array:
        """instrument_version."""
        of_form = np.array([form.version for form in self.cells.design.forms] or [0], np.int32)
        return whole(self.spread(of_form[self.cells.form]))


def answers(chunk: Chunk, cells: Cells, schema: pa.Schema) -> pa.RecordBatch:
    """The `answers` table of a chunk: each planned item has a value, a text or a reason."""
    design = cells.design
    rows = Rows(chunk, cells, [len(form.questions) for form in design.forms])
    value, seconds = np.full(rows.n, np.nan), np.full(rows.n, np.nan)
    changes = np.full(rows.n, -1, dtype=np.int32)
    label = np.full(rows.n, -1, dtype=np.int32)
    position = np.zeros(rows.n, dtype=np.int32)
    passed = np.full(rows.n, -1, dtype=np.int8)
    reason = rows.spread(cells.reason)
    for form in range(len(design.forms)):
        omitting = cells.omitting(form)
        reason[rows.of(omitting, form)] = cells.item_reasons(omitting, form)
    labels = _Labels(design)
    written: list[tuple[Places, pa.Array]] = []
    told: list[tuple[Places, pa.Array]] = []
    for filled in chunk.filled:
        its_cells = cells.of(filled)
        at = rows.of(its_cells, filled.form)
        value[at] = filled.numbers
        label[at] = labels.of(filled)
        reason[at] = missing_reasons(filled, cells.item_reasons(its_cells, filled.form))
        seconds[at] = filled.seconds
        changes[at] = filled.changes
        written += [(at[:, j], texts) for j, texts in filled.texts.items()]
        told += [(at[:, j], orders) for j, orders in filled.option_orders.items()]
        if filled.positions is not None:
            position[at] = filled.positions
        for j, is_passed, is_failed in outcomes(design.forms[filled.form], filled):
            passed[at[is_failed, j]], passed[at[is_passed, j]] = 0, 1
    columns = rows.key() | {
        "item": rows.words([[q.code for q in form.questions] for form in design.forms]),
        "value": numbers(value),
        "text": _texts(rows.n, written),
        "label": coded(label, labels.listed),
        "reason": coded(reason, WORDS),
        "seconds": numbers(seconds),
        "changes": whole(changes, changes < 0),
        "position": whole(position, position == 0),
        "option_order": _texts(rows.n, told),
        "passed": pa.array(passed == 1, pa.bool_(), mask=passed < 0),
        "instrument_version": rows.version(),
    }
    return _batch(columns, schema)


def scores(chunk: Chunk, cells: Cells, schema: pa.Schema) -> pa.RecordBatch:
    """The `scores` table of a chunk: each planned scale has a score or a reason."""
    forms = cells.design.forms
    rows = Rows(chunk, cells, [len(form.measures) for form in forms])
    value = np.full(rows.n, np.nan)
    n_answered = np.zeros(rows.n, dtype=np.int32)
    prorated = np.zeros(rows.n, dtype=np.bool_)
    lacks = np.full(rows.n, "", dtype=np.object_)
    reason = rows.spread(cells.reason)
    for at_form in range(len(forms)):
        omitting = cells.omitting(at_form)
        reason[rows.of(omitting, at_form)] = cells.score_reasons(omitting, at_form)
    for filled in chunk.filled:
        its_cells = cells.of(filled)
        at = rows.of(its_cells, filled.form)
        value[at], n_answered[at] = filled.scored.value, filled.scored.n_answered
        prorated[at] = filled.scored.prorated
        for m, words in filled.scored.lacks.items():
            lacks[at[:, m]] = words
        reason[at] = score_reasons(
            forms[filled.form], filled, cells.score_reasons(its_cells, filled.form)
        )
    n_items = rows.words([[str(m.n_items) for m in form.measures] for form in forms])
    columns = rows.key() | {
        "scale": rows.words([[m.code for m in form.measures] for form in forms]),
        "score": numbers(value),
        "n_answered": whole(n_answered),
        "n_items": n_items.cast(pa.string()).cast(pa.int32()),
        "prorated": pa.array(prorated, pa.bool_(), mask=np.isnan(value)),
        "rule": rows.words([[m.rule for m in form.measures] for form in forms]),
        "key_version": rows.words([[m.key_version for m in form.measures] for form in forms]),
        "reason": coded(reason, WORDS),
        "lacks": words_of(lacks),
        "instrument_version": rows.version(),
    }
    return _batch(columns, schema)


def missing_reasons(filled: Filled, of_cell: NDArray[np.int8]) -> NDArray[np.int8]:
    """n x k: why an item of a submission has no value; what was not shown takes `of_cell`, n x k."""
    reasons = np.where(filled.status == ANSWERED, np.int8(NONE), np.int8(SKIPPED_CODE))
    unseen = filled.status == NOT_SHOWN
    if unseen.any():
        reasons = np.where(unseen, of_cell, reasons)
    is_out = filled.status == BRANCHED_OUT
    if is_out.any():
        reasons = np.where(is_out, np.int8(BRANCHED_OUT_CODE), reasons)
    has_none = filled.status == NO_TARGET
    if has_none.any():
        reasons = np.where(has_none, np.int8(NO_TARGET_CODE), reasons)
    return reasons


def score_reasons(form: Form, filled: Filled, of_cell: NDArray[np.int8]) -> NDArray[np.int8]:
    """n x m: why a scale of a submission has no score; `of_cell` is n x m.

    What a form leaves too few items for is missing by design, whatever was answered; what the
    conditions leave too few items for is branched out; `no_target` when all of them lack a target.
    """
    reasons = np.full(filled.scored.value.shape, NONE, dtype=np.int8)
    for m, places in enumerate(form.shown_for):
        status = filled.status[:, places]
        was_shown = np.isin(status, (ANSWERED, SKIPPED)).any(axis=1)
        by_design = of_cell[:, m] == Reason.PLANNED_MISSING.code
        not_scorable = np.int8(Reason.NOT_SCORABLE.code)
        why = np.where(was_shown & ~by_design, not_scorable, of_cell[:, m])
        gone = np.isin(status, (BRANCHED_OUT, NO_TARGET))
        is_out = gone.any(axis=1) & ~by_design & ~_is_enough(form.measures[m], gone)
        has_none = ~(status == BRANCHED_OUT).any(axis=1)
        out = np.where(has_none, np.int8(NO_TARGET_CODE), np.int8(BRANCHED_OUT_CODE))
        why = np.where(is_out, out, why)
        reasons[:, m] = np.where(np.isnan(filled.scored.value[:, m]), why, NONE)
    for m, why in filled.scored.why.items():
        reasons[:, m] = why
    return reasons


def _is_enough(measure: Measure, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """n: whether a scale could have a score without the items that are `gone`, n x its items."""
    n_left: NDArray[np.int64] = (~gone).sum(axis=1)
    if not measure.parts:
        return n_left >= measure.least
    items = [item for item, _, _ in measure.key]
    n_parts = np.zeros(len(gone), dtype=np.int64)
    for part, least in measure.parts:
        columns = [at for at, item in enumerate(items) if item in part]
        n_parts += (~gone[:, columns]).sum(axis=1) >= least
    return n_parts >= measure.least


class _Labels:
    """The options' labels, each once, and where the codes of an item find theirs."""

    def __init__(self, design: Design) -> None:
        self.design = design
        found = (
            design.say(o.label) for form in design.forms for q in form.questions for o in q.options
        )
        self.listed = list(dict.fromkeys(found))
        self.place: Mapping[str, int] = {label: at for at, label in enumerate(self.listed)}

    def of(self, filled: Filled) -> Ints:
        """n x k: the place of each answer's label, or -1."""
        places = np.full(filled.numbers.shape, -1, dtype=np.int32)
        alike: dict[Coding, list[int]] = {}
        questions = self.design.forms[filled.form].questions
        for j, question in enumerate(questions):
            if question.options:
                says = ((o.code, self.place[self.design.say(o.label)]) for o in question.options)
                alike.setdefault(tuple(says), []).append(j)
        for coding, columns in alike.items():
            if len(columns) == len(questions):
                return _look_up(filled.numbers, coding)
            places[:, columns] = _look_up(filled.numbers[:, columns], coding)
        return places


def _look_up(values: Floats, coding: Coding) -> Ints:
    """By a list over the whole range of codes, which are 16-bit numbers."""
    codes = [code for code, _ in coding]
    low, high = min(codes), max(codes)
    label = np.full(high - low + 2, -1, dtype=np.int32)  # the first: no code at all
    for code, place in coding:
        label[code - low + 1] = place
    at = values - (low - 1)
    is_code = (at >= 1) & (at < len(label))  # false for NaN
    found: Ints = label[np.where(is_code, at, 0).astype(np.int32)]
    return found


def _texts(n: int, written: list[tuple[Places, pa.Array]]) -> pa.Array:
    if not written:
        return pa.nulls(n, pa.string())
    source = pa.concat_arrays([pa.nulls(1, pa.string()), *(texts for _, texts in written)])
    at = np.concatenate([rows for rows, _ in written])
    places = np.zeros(n, dtype=np.int64)
    places[at] = np.arange(1, len(at) + 1)
    return source.take(pa.array(places))


def _batch(columns: Mapping[str, pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
