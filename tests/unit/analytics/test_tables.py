"""The laws of the tables, for any people in any states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from analytics.tidy.cells import TwoVersions, cells_of
from analytics.tidy.chunk import ANSWERED, NOT_SHOWN, Chunk, Filled
from analytics.tidy.columns import tables
from analytics.tidy.make import ALL, MAKERS, make
from analytics.tidy.names import REASON, item_names, score_names
from analytics.tidy.reasons import WORDS
from tests.unit.analytics.samples import (
    DESIGN,
    EMPTY,
    START,
    assemble,
    chunks,
    filled_forms,
    ints,
    mean_of_two,
)

TABLES = tables(DESIGN)
FEW = settings(max_examples=15, deadline=None)


def made(chunk: Chunk) -> dict[str, Any]:
    return {name: frame(batch) for name, batch in make(DESIGN, TABLES, chunk)}


def frame(batch: pa.RecordBatch) -> Any:
    plain = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    return pa.table(plain, names=batch.schema.names).to_pandas()


def is_either(values: pd.Series[Any], reasons: pd.Series[Any]) -> bool:
    return bool((values.notna() ^ reasons.notna()).all()) and set(reasons.dropna()) <= set(WORDS)


@FEW
@given(chunks())
def test_every_planned_cell_has_a_value_or_a_reason(chunk: Chunk) -> None:
    found = made(chunk)
    answers, scores, wide = found["answers"], found["scores"], found["wide"]
    assert is_either(answers["value"].combine_first(answers["text"]), answers["reason"])
    assert not (answers["value"].notna() & answers["text"].notna()).any()
    assert is_either(scores["score"], scores["reason"])
    for name in (c.name for c in TABLES["wide"].columns if c.scale):
        assert is_either(wide[name], wide[name + REASON])


@FEW
@given(chunks())
def test_person_waves_has_a_value_or_a_reason_where_the_wave_asks(chunk: Chunk) -> None:
    rows = made(chunk)["person_waves"]
    for column in (c for c in TABLES["person_waves"].columns if c.item or c.scale):
        asking = {
            w for w in DESIGN.waves if column.instrument in {DESIGN.forms[f].code for f in DESIGN.forms_of(w)}
        }  # fmt: skip
        asked = rows["wave"].isin(asking)
        values, reasons = rows[column.name], rows[column.name + REASON]
        assert is_either(values[asked], reasons[asked])
        assert values[~asked].isna().all()
        assert reasons[~asked].isna().all()


@FEW
@given(chunks())
def test_keys_identify_rows_and_columns_are_as_declared(chunk: Chunk) -> None:
    for name, batch in make(DESIGN, TABLES, chunk):
        assert batch.schema.equals(TABLES[name].schema)
        assert not frame(batch).duplicated(list(TABLES[name].key)).any()


@FEW
@given(chunks())
def test_wide_is_scores_pivoted(chunk: Chunk) -> None:
    """wide(long(x)) equals x: nothing is lost or moved on the way."""
    found = made(chunk)
    names = score_names(DESIGN)
    wanted = {
        (row.participant, _wide_name(names, row)): (row.score, row.reason)
        for row in found["scores"].itertuples()
    }
    wide = found["wide"].set_index("participant")
    for (person, column), (score, reason) in wanted.items():
        cell, why = wide.loc[person, column], wide.loc[person, column + REASON]
        assert (pd.isna(cell) and pd.isna(score)) or cell == score
        assert (pd.isna(why) and pd.isna(reason)) or why == reason
    filled = int(sum(wide[c.name].notna().sum() for c in TABLES["wide"].columns if c.scale))
    assert filled == int(found["scores"]["score"].notna().sum())


def _wide_name(names: Any, row: Any) -> str:
    base = f"{names[row.instrument, row.scale]}_{row.wave}"
    return base if row.wave != "diary" else f"{base}_{row.nth}"


@FEW
@given(chunks())
def test_person_waves_is_answers_pivoted(chunk: Chunk) -> None:
    found = made(chunk)
    names = item_names(DESIGN)
    rows = found["person_waves"].set_index(["participant", "wave", "nth"])
    n_values = 0
    for row in found["answers"].itertuples():
        at, column = (row.participant, row.wave, row.nth), names[row.instrument, row.item]
        value = row.text if pd.isna(row.value) else row.value
        cell, why = rows.loc[at, column], rows.loc[at, column + REASON]
        assert (pd.isna(cell) and pd.isna(value)) or cell == value
        assert (pd.isna(why) and pd.isna(row.reason)) or why == row.reason
        n_values += not pd.isna(value)
    columns = [c.name for c in TABLES["person_waves"].columns if c.item]
    assert n_values == int(rows[columns].notna().sum().sum())


@FEW
@given(chunks())
def test_answers_follow_the_plan_in_its_order(chunk: Chunk) -> None:
    answers, occasions = made(chunk)["answers"], made(chunk)["occasions"]
    keys = ["participant", "wave", "nth"]
    seen = answers[keys].drop_duplicates().merge(occasions[keys], how="left", indicator=True)
    assert (seen["_merge"] == "both").all() if len(seen) else True
    place = occasions.reset_index().set_index(keys)["index"]
    order = [place[tuple(row)] for row in answers[keys].itertuples(index=False)]
    assert order == sorted(order)


def test_coded_refusals_are_values_with_labels_and_no_answers_to_scores() -> None:
    chunk = _one_person(("completed", [[99.0, 2.0]]))
    found = made(chunk)
    row = found["answers"].set_index("item").loc["c1"]
    assert (row["value"], row["label"]) == (99.0, "Prefer not to say")
    assert pd.isna(row["reason"])
    score = found["scores"].set_index("scale").loc["calm"]
    assert (score["score"], score["n_answered"]) == (2.0, 1)


def test_too_few_answers_are_not_scorable_and_unseen_ones_not_reached() -> None:
    found = made(_one_person(("expired", [[99.0, np.nan]])))["scores"].set_index("scale")
    assert found.loc["calm", "reason"] == "not_scorable"
    assert found.loc["extra", "reason"] == "not_reached"


def test_an_item_of_another_version_is_not_in_version() -> None:
    row = made(_one_person(("completed", [[1.0, 2.0]])))["person_waves"].iloc[0]
    assert row["c2" + REASON] == "not_in_version"
    assert row["calm_version"] == 2


def test_answers_outside_the_plan_are_kept() -> None:
    """The protocol asks version 1 in wave m3; somebody answered version 2 under an older plan."""
    chunk = _one_person(("completed", [[1.0, 2.0]]), plan=0)
    answers = made(chunk)["answers"]
    assert list(answers["item"]) == ["c1", "c3"]
    assert set(answers["instrument_version"]) == {2}


def test_two_versions_of_one_instrument_at_once_are_refused() -> None:
    chunk = _one_person(("completed", [[1.0, 2.0]]), plan=0)
    other = _filled(0, [[1.0, 1.0, np.nan]])
    both = Chunk(
        chunk.people, chunk.occasions, chunk.messages, chunk.consents, (*chunk.filled, other)
    )
    with pytest.raises(TwoVersions, match=r"P000, m3\.1: answers to 2 versions of 'calm'"):
        cells_of(DESIGN, both)


def test_an_empty_study_has_all_tables_with_their_columns() -> None:
    listed = tables(EMPTY)
    found = dict(make(EMPTY, listed, assemble([], [], [])))
    assert list(found) == list(MAKERS)
    assert list(listed) == list(ALL)
    assert all(batch.num_rows == 0 for batch in found.values())
    assert found["answers"].schema.names[:5] == ["participant", "wave", "nth", "instrument", "item"]


def _one_person(answered: tuple[str, list[list[float]]], plan: int = 1) -> Chunk:
    state, numbers = answered
    occasion = {"person": 0, "plan": plan, "wave": 1, "state": state, "started": START}
    return assemble([{"code": "P000"}], [occasion], [], (_filled(1, numbers),))


def _filled(form: int, numbers: list[list[float]]) -> Any:
    values = np.array(numbers)
    return Filled(
        form=form,
        occasion=ints([0]),
        numbers=values,
        status=np.where(np.isnan(values), NOT_SHOWN, ANSWERED).astype(np.int8),
        texts={},
        seconds=np.full(values.shape, np.nan),
        changes=np.full(values.shape, -1, dtype=np.int32),
        in_sight=lambda: np.array([np.nan]),
        score=lambda n: mean_of_two(DESIGN.forms[form].shown_for, n),
    )


def test_the_samples_have_every_kind_of_gap() -> None:
    """The strategies above would prove nothing if they never drew a gap."""
    kinds: set[int] = set()

    @settings(max_examples=30, deadline=None, database=None)
    @given(filled_forms(DESIGN, 0, [0, 1, 2]))
    def collect(filled: Any) -> None:
        kinds.update(filled.status.ravel().tolist())

    collect()
    assert kinds == {0, 1, 2}
