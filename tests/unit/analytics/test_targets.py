"""Why a score over several targets is missing, by what each target's items are missing for."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.tidy.chunk import ANSWERED, BRANCHED_OUT, NO_TARGET, SKIPPED, Filled, Scored
from analytics.tidy.design import Form, Measure, Question
from analytics.tidy.long import missing_reasons, score_reasons
from analytics.tidy.reasons import NONE, WORDS

ITEMS = ("mother_1", "mother_2", "friend_1", "friend_2")


def measure(code: str, items: tuple[str, ...], least: int, targets: int = 0) -> Measure:
    parts = tuple((frozenset(items[n : n + 2]), 2) for n in range(0, targets * 2, 2))
    key = tuple((item, 1, 1.0) for item in items)
    return Measure(code, {}, {}, "", "", key, least=least, parts=parts)


FORM = Form(
    "rs", 1, {}, "none", "", "", "",
    questions=tuple(Question(code, "single", {}) for code in ITEMS),
    measures=(
        measure("mother", ITEMS[:2], 2),
        measure("friend", ITEMS[2:], 2),
        measure("any", ITEMS, 1, targets=2),
        measure("all", ITEMS, 2, targets=2),
    ),
)  # fmt: skip
A, S, B, N = ANSWERED, SKIPPED, BRANCHED_OUT, NO_TARGET


@pytest.mark.parametrize(
    ("status", "reasons"),
    [
        ((A, A, A, A), ("", "", "", "")),
        ((A, A, N, N), ("", "no_target", "", "no_target")),
        ((N, N, N, N), ("no_target",) * 4),
        ((B, B, N, N), ("branched_out", "no_target", "branched_out", "branched_out")),
        ((A, S, N, N), ("not_scorable", "no_target", "not_scorable", "no_target")),
        ((A, S, A, S), ("not_scorable",) * 4),
    ],
)
def test_a_score_without_enough_targets_is_no_skipped_one(
    status: tuple[int, ...], reasons: tuple[str, ...]
) -> None:
    row = np.array([status], dtype=np.int8)
    value = np.array([[1.0 if reason == "" else np.nan for reason in reasons]])
    zeros = np.zeros(value.shape, dtype=np.int32)
    scored = Scored(value, zeros, zeros.astype(np.bool_))
    filled = Filled(
        form=0,
        occasion=np.zeros(1, dtype=np.int32),
        numbers=np.where(row == A, 1.0, np.nan),
        status=row,
        texts={},
        seconds=np.zeros(row.shape),
        changes=np.zeros(row.shape, dtype=np.int32),
        in_sight=lambda: np.zeros(1),
        score=lambda _numbers: scored,
    )
    not_reached = np.full((1, 4), WORDS.index("not_reached"), dtype=np.int8)
    found = score_reasons(FORM, filled, not_reached)[0]
    assert tuple("" if code == NONE else WORDS[code] for code in found) == reasons
    words = {A: "", S: "skipped", B: "branched_out", N: "no_target"}
    items = missing_reasons(filled, not_reached)[0]
    assert [("" if c == NONE else WORDS[c]) for c in items] == [words[each] for each in status]
