"""What a score is: one rule a test, with numbers that a reader can check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from surveys.instruments.definition import Instrument
from surveys.instruments.key_versions import key_version
from surveys.instruments.scoring import (
    CHUNK_ROWS,
    NotANumber,
    OutOfRange,
    matrix,
    score,
    score_one,
)
from tests.unit.instruments.building import build, document, scale

ALL = {"q1": 1, "q2": 1, "q3": 1, "q4": 1}


def value(instrument: Instrument, code: str, **answers: object) -> float | None:
    return score_one(instrument, answers)[code].value


def test_a_mean_is_the_mean_of_what_was_answered() -> None:
    one = build(scales=[scale("m", ALL)])
    assert value(one, "m", q1=1, q2=2, q3=4, q4=5) == 3
    assert value(one, "m", q1=1, q2=None, q3=4) == 2.5


def test_reversal_uses_the_items_own_range_and_comes_before_averaging() -> None:
    zero_based = build(codes=range(4), scales=[scale("m", {"q1": -1, "q2": 1})])
    assert value(zero_based, "m", q1=0, q2=3) == 3  # 0 + 3 - 0, not 4 - 0
    one_based = build(codes=range(1, 8), scales=[scale("m", {"q1": -1, "q2": 1})])
    assert value(one_based, "m", q1=2, q2=1) == 3.5  # (1 + 7 - 2 + 1) / 2
    assert value(one_based, "m", q1=2) == 6


def test_a_number_item_reverses_within_its_min_and_max() -> None:
    doc = document(1, scales=[scale("m", {"q1": -1})])
    doc["items"][0] = {
        "code": "q1",
        "kind": "number",
        "min": 10,
        "max": 20,
        "whole": False,
        "text": {"en": "How much?"},
    }
    assert value(Instrument.model_validate(doc), "m", q1=12.5) == 17.5


@pytest.mark.parametrize(("n_answered", "expected"), [(4, 2.0), (3, 2.0), (2, None), (0, None)])
def test_fewer_answers_than_the_minimum_give_no_score(
    n_answered: int, expected: float | None
) -> None:
    one = build(scales=[scale("m", ALL, min_answered=3)])
    result = score_one(one, {f"q{n + 1}": 2 for n in range(n_answered)})["m"]
    assert (result.value, result.n_answered, result.n_items) == (expected, n_answered, 4)


def test_a_prorated_sum_is_the_mean_of_the_answers_times_the_number_of_items() -> None:
    one = build(scales=[scale("s", ALL, method="sum", min_answered=3)])
    complete = score_one(one, {"q1": 1, "q2": 2, "q3": 4, "q4": 4})["s"]
    assert (complete.value, complete.prorated) == (11, False)
    missing = score_one(one, {"q1": 1, "q2": 2, "q3": 4})["s"]
    assert missing.value == pytest.approx(7 / 3 * 4)
    assert missing.prorated
    too_few = score_one(one, {"q1": 1, "q2": 2})["s"]
    assert (too_few.value, too_few.prorated) == (None, False)


def test_a_sum_without_prorating_counts_what_is_there() -> None:
    one = build(scales=[scale("s", ALL, method="sum", prorate=False)])
    result = score_one(one, {"q1": 1, "q2": 2, "q3": 4})["s"]
    assert (result.value, result.prorated) == (7, False)


def test_a_mean_is_never_called_prorated() -> None:
    assert not score_one(build(scales=[scale("m", ALL)]), {"q1": 1})["m"].prorated


def test_an_item_may_enter_two_scales_with_opposite_signs() -> None:
    both = build(scales=[scale("near", {"q1": 1, "q2": 1}), scale("far", {"q1": -1, "q3": 1})])
    scores = score_one(both, {"q1": 5, "q2": 3, "q3": 2})
    assert (scores["near"].value, scores["far"].value) == (4, 1.5)


def test_an_unscored_item_counts_for_nothing() -> None:
    with_filler = scale("s", ALL, method="sum", min_answered=3)
    with_filler["keys"][3]["scored"] = False
    one = build(scales=[with_filler])
    result = score_one(one, {"q1": 1, "q2": 1, "q4": 5})["s"]
    assert (result.value, result.n_answered, result.n_items) == (None, 2, 3)
    assert value(one, "s", q1=1, q2=1, q3=1, q4=5) == 3


def test_a_coded_missing_option_is_no_answer() -> None:
    one = build(scales=[scale("m", ALL, min_answered=3)])
    result = score_one(one, {"q1": 2, "q2": 2, "q3": 2, "q4": 99})["m"]
    assert (result.value, result.n_answered) == (2, 3)
    assert value(one, "m", q1=2, q2=2, q3=99, q4=99) is None


def test_weights_enter_means_and_sums() -> None:
    heavy = [scale("m", {"q1": 1, "q2": -1}), scale("s", {"q1": 1, "q2": 1}, method="sum")]
    for one in heavy:
        one["keys"][0]["weight"] = 3
    weighted = build(scales=heavy)
    scores = score_one(weighted, {"q1": 2, "q2": 5})
    assert scores["m"].value == pytest.approx((3 * 2 + 1) / 4)
    assert scores["s"].value == 11
    assert value(weighted, "s", q1=2) == 8  # weighted mean 2, times the full weight 4


@pytest.mark.parametrize("wrong", [0, 6, -1, 2.5, 98, math.inf])
def test_a_value_that_the_item_cannot_have_is_reported_not_clipped(wrong: float) -> None:
    one = build(scales=[scale("m", ALL)])
    with pytest.raises(OutOfRange) as caught:
        score(one, np.array([[1, 2, 3, 4], [1, 2, wrong, 4]], dtype=float))
    assert (caught.value.row, caught.value.item, caught.value.value) == (1, "q3", wrong)
    assert "row 1, item 'q3'" in str(caught.value)
    assert "one of 1, 2, 3, 4, 5" in str(caught.value)


def test_a_gap_between_codes_is_no_answer_that_exists() -> None:
    doc = document(1, scales=[scale("m", {"q1": 1})])
    del doc["response_sets"]["set"][2]  # code 3
    with pytest.raises(OutOfRange, match="one of 1, 2, 4, 5"):
        score_one(Instrument.model_validate(doc), {"q1": 3})
    assert value(Instrument.model_validate(doc), "m", q1=4) == 4


@pytest.mark.parametrize(
    ("bounds", "wrong", "expected"),
    [
        ({"min": 18, "max": 120}, 17, "between 18 and 120"),
        ({"min": 0}, -1, "0 or more"),
        ({"max": 9}, 10, "9 or less"),
        ({}, math.inf, "a finite number"),
    ],
)
def test_numbers_keep_their_bounds(bounds: dict[str, float], wrong: float, expected: str) -> None:
    doc = document(1)
    doc["items"] = [{"code": "n", "kind": "number", "text": {"en": "How many?"}, **bounds}]
    with pytest.raises(OutOfRange, match=expected):
        score_one(Instrument.model_validate(doc), {"n": wrong})


def test_the_row_of_a_wrong_value_is_right_beyond_the_first_chunk() -> None:
    one = build(scales=[scale("m", ALL)])
    answers = np.full((CHUNK_ROWS + 10, 4), 3.0)
    answers[CHUNK_ROWS + 7, 1] = 8
    with pytest.raises(OutOfRange, match=f"row {CHUNK_ROWS + 7}, item 'q2'"):
        score(one, answers)


@pytest.mark.parametrize("wrong", ["3", True, [1], {"a": 1}])
def test_only_numbers_enter(wrong: object) -> None:
    one = build(scales=[scale("m", ALL)])
    with pytest.raises(NotANumber, match="row 1, item 'q2'"):
        matrix(one, [{"q1": 1}, {"q1": 1, "q2": wrong}])


def test_words_are_no_numbers_and_no_error() -> None:
    doc = document(1, scales=[scale("m", {"q1": 1})])
    doc["items"].append({"code": "why", "kind": "text", "text": {"en": "Why?"}})
    one = Instrument.model_validate(doc)
    assert value(one, "m", q1=2, why="because") == 2


def test_the_array_must_have_one_column_an_item() -> None:
    with pytest.raises(ValueError, match="expected n x 4 answers, got 2 x 3"):
        score(build(), np.ones((2, 3)))
    with pytest.raises(ValueError, match="expected n x 4 answers, got 4"):
        score(build(), np.ones(4))


def test_no_people_and_no_scales_keep_their_shape() -> None:
    nobody = score(build(scales=[scale("m", ALL)]), matrix(build(), []))
    assert nobody.value.shape == nobody.n_answered.shape == nobody.prorated.shape == (0, 1)
    nothing = score(build(), np.ones((3, 4)))
    assert (nothing.value.shape, nothing.scales) == ((3, 0), ())


def test_the_answers_given_are_left_alone() -> None:
    answers = np.array([[1.0, 99.0, 3.0, np.nan]])
    before = answers.copy()
    score(build(scales=[scale("m", ALL)]), answers)
    assert np.array_equal(answers, before, equal_nan=True)


def test_a_key_version_changes_with_the_key_the_rule_and_the_range_only() -> None:
    base = key_version(build(scales=[scale("m", ALL)]), "m")
    assert len(base) == 12
    reordered = {"q4": 1, "q2": 1, "q3": 1, "q1": 1}
    assert key_version(build(scales=[scale("m", reordered)]), "m") == base
    retitled = scale("m", ALL)
    retitled["title"] = {"en": "Another title"}
    assert key_version(build(scales=[retitled]), "m") == base
    others = [
        build(scales=[scale("m", {**ALL, "q4": -1})]),
        build(scales=[scale("m", {"q1": 1, "q2": 1, "q3": 1})]),
        build(scales=[scale("m", ALL, min_answered=2)]),
        build(scales=[scale("m", ALL, method="sum")]),
        build(codes=range(5), scales=[scale("m", ALL)]),
    ]
    assert len({base, *(key_version(other, "m") for other in others)}) == 6
