"""Planned-missing forms in the tables: what is left out says so, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from analytics.tidy.chunk import ANSWERED, NOT_SHOWN, SKIPPED, Chunk, Filled, Scored
from analytics.tidy.columns import tables
from analytics.tidy.design import Design
from analytics.tidy.make import make
from analytics.tidy.names import REASON, item_names
from tests.unit.analytics.samples import (
    CALM_1,
    DESIGN,
    START,
    assemble,
    ints,
    studies_with_forms,
)

ITEM = ["participant", "wave", "nth", "instrument", "item"]
KEPT = {"", "skipped"}  # there is a value, or the item was shown all the same
Key = Any  # the values of an index: a tuple, or one value alone


def made(design: Design, chunk: Chunk) -> dict[str, Any]:
    return {name: frame(batch) for name, batch in make(design, tables(design), chunk)}


def frame(batch: pa.RecordBatch) -> Any:
    plain = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    return pa.table(plain, names=batch.schema.names).to_pandas()


def reasons(rows: Any, key: list[str]) -> dict[Key, str]:
    found: dict[Key, str] = rows.set_index(key)["reason"].fillna("").to_dict()
    return found


def without_forms(design: Design) -> Design:
    return replace(design, plans=tuple(replace(plan, left_out={}) for plan in design.plans))


def left_out(design: Design, chunk: Chunk) -> Iterator[Key]:
    """The key of every item that somebody's form leaves out of an occasion that is not excluded."""
    rows, codes = chunk.occasions, [*design.planned_forms, ""]
    for o, form in product(range(len(rows)), range(len(design.forms))):
        cell = codes[rows.planned_form[o]], design.waves[rows.wave[o]], form
        version = design.forms[form]
        person = chunk.people.code[rows.person[o]]
        for place in design.plans[rows.plan[o]].left_out.get(cell, ()):
            if rows.state[o] != "excluded":
                item = version.questions[place].code
                yield person, cell[1], int(rows.nth[o]), version.code, item


@settings(max_examples=30, deadline=None)
@given(studies_with_forms())
def test_whatever_forms_leave_out_each_cell_has_a_value_or_a_reason(
    study: tuple[Design, Chunk],
) -> None:
    design, chunk = study
    found = made(design, chunk)
    answers, scores, wide = found["answers"], found["scores"], found["wide"]
    values = answers["value"].combine_first(answers["text"])
    assert (values.notna() ^ answers["reason"].notna()).all()
    assert (scores["score"].notna() ^ scores["reason"].notna()).all()
    for name in (c.name for c in tables(design)["wide"].columns if c.scale):
        assert (wide[name].notna() ^ wide[name + REASON].notna()).all()


@settings(max_examples=30, deadline=None)
@given(studies_with_forms())
def test_left_out_items_are_planned_missing_and_all_else_is_as_without_forms(
    study: tuple[Design, Chunk],
) -> None:
    design, chunk = study
    found = made(design, chunk)
    theirs = reasons(found["answers"], ITEM)
    before = reasons(made(without_forms(design), chunk)["answers"], ITEM)
    gone = {key for key in left_out(design, chunk) if before[key] not in KEPT}
    assert theirs == before | dict.fromkeys(gone, "planned_missing")
    rows = found["person_waves"].set_index(ITEM[:3])
    names = item_names(design)
    for key, reason in theirs.items():
        assert rows[names[key[3:]] + REASON].fillna("")[key[:3]] == reason


@pytest.mark.parametrize("planned", [0, 1])
def test_a_score_with_too_few_items_by_design_is_planned_missing(planned: int) -> None:
    """Two of two items are needed: form A leaves one out at the baseline, form B a text at m3."""
    calm = replace(CALM_1, measures=(replace(CALM_1.measures[0], least=2),))
    plan = replace(DESIGN.plans[0], left_out={("A", "baseline", 0): (1,), ("B", "m3", 0): (2,)})
    forms = {"A": "", "B": ""}
    design = replace(DESIGN, forms=(calm, *DESIGN.forms[1:]), plans=(plan,), planned_forms=forms)
    person = {"person": 0, "planned_form": planned, "started": START}
    rows = [
        {**person, "wave": 0, "state": "expired"},
        {**person, "wave": 1, "state": "completed"},
    ]
    unseen = NOT_SHOWN if planned == 0 else SKIPPED
    filled = Filled(
        form=0,
        occasion=ints([0, 1]),
        numbers=np.array([[3.0, np.nan, np.nan], [1.0, 3.0, np.nan]]),
        status=np.array(
            [[ANSWERED, unseen, SKIPPED], [ANSWERED, ANSWERED, NOT_SHOWN]], dtype=np.int8
        ),
        texts={},
        seconds=np.full((2, 3), np.nan),
        changes=np.full((2, 3), -1, dtype=np.int32),
        in_sight=lambda: np.full(2, 30.0),
        score=_of_two,
    )
    found = made(design, assemble([{"code": "P1"}], rows, [], (filled,)))["scores"]
    calm_rows = found[found["instrument"] == "calm"]
    expected = "planned_missing" if planned == 0 else "not_scorable"
    assert reasons(calm_rows, ["wave"]) == {"baseline": expected, "m3": ""}
    assert set(calm_rows["n_items"]) == {2}


def _of_two(values: Any) -> Scored:
    usable = values[:, :2]
    n_answered = (~np.isnan(usable)).sum(axis=1, keepdims=True)
    score = np.where(n_answered == 2, np.nansum(usable, axis=1, keepdims=True) / 2, np.nan)
    return Scored(score, n_answered.astype(np.int32), np.zeros(score.shape, dtype=np.bool_))


def test_the_form_is_a_column_that_says_what_it_leaves_out() -> None:
    design = replace(DESIGN, planned_forms={"A": "everything is asked", "B": "without wave m3"})
    column = next(c for c in tables(design)["participants"].columns if c.name == "form")
    assert column.choices == (("A", "everything is asked"), ("B", "without wave m3"))
    people = made(design, assemble([{"code": "P1", "form": "B"}, {"code": "P2"}], [], []))
    assert people["participants"]["form"].fillna("").tolist() == ["B", ""]
