"""Places in drawn orders and outcomes of attention items, from nothing but arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from analytics.source.orders import positions
from analytics.tidy.attention import outcomes
from analytics.tidy.chunk import ANSWERED, SKIPPED, Filled
from analytics.tidy.design import Form
from tests.unit.analytics.samples import CALM_1, ints, mean_of_two, question

LISTED = replace(
    CALM_1,
    questions=(
        question("c1"),
        *(replace(question(f"help_{n}", "multiple"), item="help", option=n) for n in (1, 2)),
    ),
    unasked=("welcome",),
)


@pytest.mark.parametrize(
    ("form", "orders", "expected"),
    [
        (CALM_1, ["c2,c1", "", "note"], [[2, 1, 0], [0, 0, 0], [0, 0, 1]]),
        (LISTED, ["welcome,help,c1", "c1"], [[3, 2, 2], [1, 0, 0]]),
        (LISTED, ["", ""], [[0, 0, 0], [0, 0, 0]]),
    ],
)
def test_an_item_has_its_place_in_all_its_columns(
    form: Form, orders: list[str], expected: list[list[int]]
) -> None:
    found = positions(form, pa.table({"order": orders}))
    assert found is not None
    assert found.tolist() == expected


def test_a_form_that_is_not_shuffled_has_no_places() -> None:
    assert positions(CALM_1, pa.table({"order": pa.array([], pa.string())})) is None


def test_an_outcome_is_an_answer_that_measures() -> None:
    form = replace(CALM_1, questions=(question("c1"), replace(question("c2"), expect=(2.0, 3.0))))
    filled = Filled(
        form=0,
        occasion=ints([0, 1, 2, 3]),
        numbers=np.array([[2.0, 2.0], [2.0, 1.0], [2.0, 99.0], [2.0, np.nan]]),
        status=np.array([[ANSWERED] * 2] * 3 + [[ANSWERED, SKIPPED]], dtype=np.int8),
        texts={},
        seconds=np.full((4, 2), np.nan),
        changes=np.full((4, 2), -1, dtype=np.int32),
        in_sight=lambda: np.full(4, np.nan),
        score=lambda n: mean_of_two(form.shown_for, n),
    )
    ((at, is_passed, is_failed),) = outcomes(form, filled)
    assert at == 1
    assert is_passed.tolist() == [True, False, False, False]
    assert is_failed.tolist() == [False, True, False, False]
