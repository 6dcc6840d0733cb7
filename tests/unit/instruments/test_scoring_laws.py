"""Laws of scoring, tried on random instruments and random answers with holes."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from surveys.instruments.definition import Instrument, Scale
from surveys.instruments.library import shipped
from surveys.instruments.scoring import Floats, matrix, score, score_one
from tests.unit.instruments.building import build, document, scale


@dataclass(frozen=True)
class Case:
    instrument: Instrument
    answers: Floats


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to 6 items on any range, up to 3 scales, up to 5 people; about a third is missing."""
    n_items = draw(st.integers(1, 6))
    low = draw(st.integers(-2, 2))
    high = low + draw(st.integers(1, 6))
    scales = []
    for number in range(draw(st.integers(1, 3))):
        chosen = draw(st.sets(st.integers(1, n_items), min_size=1))
        keys = {f"q{item}": draw(st.sampled_from([1, -1])) for item in sorted(chosen)}
        one = scale(
            f"s{number}",
            keys,
            method=draw(st.sampled_from(["mean", "sum"])),
            min_answered=draw(st.integers(1, len(keys))),
            prorate=draw(st.booleans()),
        )
        for key in one["keys"]:
            key["weight"] = draw(st.sampled_from([1.0, 1.0, 2.0, 0.5]))
        scales.append(one)
    value = st.one_of(st.integers(low, high).map(float), st.just(99.0), st.just(np.nan))
    row = st.lists(value, min_size=n_items, max_size=n_items)
    rows = draw(st.lists(row, min_size=1, max_size=5))
    return Case(build(n_items, range(low, high + 1), scales), np.array(rows))


def same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    return np.array_equal(left, right, equal_nan=True)


@settings(deadline=None)
@given(cases())
def test_one_by_one_equals_all_at_once_to_the_last_bit(case: Case) -> None:
    together = score(case.instrument, case.answers)
    for at, row in enumerate(case.answers):
        alone = score(case.instrument, row.reshape(1, -1))
        assert same(alone.value[0], together.value[at])
        assert same(alone.n_answered[0], together.n_answered[at])
        stored = dict(zip(case.instrument.by_code, row.tolist(), strict=True))
        stored = {code: None if np.isnan(x) else x for code, x in stored.items()}
        one = score_one(case.instrument, stored)
        assert [s.value for s in one.values()] == [
            None if np.isnan(x) else x for x in together.value[at]
        ]


@settings(deadline=None)
@given(cases(), st.integers(0, 1000))
def test_scores_do_not_depend_on_item_order(case: Case, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(case.instrument.items))
    doc = case.instrument.model_dump(mode="json")
    doc["items"] = [doc["items"][i] for i in order]
    for one in doc["scales"]:
        one["keys"] = one["keys"][::-1]
    shuffled = Instrument.model_validate(doc)
    before, after = score(case.instrument, case.answers), score(shuffled, case.answers[:, order])
    assert np.allclose(before.value, after.value, rtol=1e-12, equal_nan=True)
    assert same(before.n_answered, after.n_answered)


@settings(deadline=None)
@given(cases())
def test_reversing_the_answers_and_the_key_changes_nothing(case: Case) -> None:
    """Reversal is an involution: mirrored answers under a mirrored key give the same score."""
    low, high = case.instrument.range_of(case.instrument.items[0]) or (0, 0)
    mirrored = np.where(case.answers == 99, 99, low + high - case.answers)
    doc = case.instrument.model_dump(mode="json")
    for one in doc["scales"]:
        for key in one["keys"]:
            key["sign"] = -key["sign"]
    back = score(Instrument.model_validate(doc), mirrored)
    assert same(back.value, score(case.instrument, case.answers).value)


@settings(deadline=None)
@given(cases())
def test_a_score_agrees_with_a_plain_reading_of_the_rule(case: Case) -> None:
    """The same arithmetic written once more, slowly, as a person would with a pencil."""
    scores = score(case.instrument, case.answers)
    for at, row in enumerate(case.answers):
        answers = dict(zip(case.instrument.by_code, row.tolist(), strict=True))
        for s, one in enumerate(case.instrument.scales):
            expected = by_pencil(case.instrument, one, answers)
            assert scores.value[at, s] == pytest.approx(expected, nan_ok=True)


def by_pencil(instrument: Instrument, one: Scale, answers: dict[str, float]) -> float:
    entered = []
    for key in one.scored_keys:
        low, high = instrument.range_of(instrument.by_code[key.item]) or (0, 0)
        x = answers[key.item]
        if not math.isnan(x) and x != 99:
            entered.append((key.weight, x if key.sign == 1 else low + high - x))
    if len(entered) < one.rule.min_answered:
        return math.nan
    total, weight = sum(w * x for w, x in entered), sum(w for w, _ in entered)
    if one.rule.method == "mean":
        return total / weight
    full = sum(key.weight for key in one.scored_keys)
    return total / weight * full if one.rule.prorate else total


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(shipped()), st.integers(0, 2**32 - 1))
def test_a_scorable_mean_lies_within_its_items_range(one: Instrument, seed: int) -> None:
    draw = np.random.default_rng(seed)
    ranges = np.array([one.range_of(item) for item in one.items], dtype=np.int64)
    answers = draw.integers(ranges[:, 0], ranges[:, 1], endpoint=True)[None, :].astype(np.float64)
    answers[draw.random(answers.shape) < 0.2] = np.nan
    scores = score(one, answers)
    for at, s in enumerate(one.scales):
        low, high = one.range_of(one.by_code[s.keys[0].item]) or (0, 0)
        n = 1 if s.rule.method == "mean" else len(s.scored_keys)
        x = scores.value[0, at]
        assert np.isnan(x) == (scores.n_answered[0, at] < s.rule.min_answered)
        assert np.isnan(x) or n * low <= x <= n * high


def test_a_straight_line_scores_at_the_middle_of_a_balanced_scale() -> None:
    """AOM-12 avoidance has three items each way, so answering all alike says nothing."""
    attachment = next(one for one in shipped() if one.instrument == "attachment-orientation")
    for answer in range(1, 8):
        line = matrix(attachment, [dict.fromkeys(attachment.by_code, answer)])
        assert score(attachment, line).value[0, 1] == 4


def test_a_hundred_thousand_people_take_no_time() -> None:
    nine_scales = [
        scale(f"s{n}", dict.fromkeys([f"q{i}" for i in range(1, 13)], 1)) for n in range(9)
    ]
    big = Instrument.model_validate(document(12, scales=nine_scales))
    answers = np.random.default_rng(1).integers(1, 6, (100_000, 12)).astype(float)
    started = time.perf_counter()
    score(big, answers)
    assert time.perf_counter() - started < 2  # about 0.1 s when the machine is idle
