"""Rates and reasons of a bundle."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.statistics import flow


def occasions(*rows: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["participant", "wave", "disposition"])


ROWS = occasions(
    ("P1", "baseline", "completed"), ("P1", "diary", "completed"), ("P1", "diary", "not_opened"),
    ("P1", "m3", "not_due"),
    ("P2", "baseline", "partial"), ("P2", "diary", "planned_missing"),
    ("P2", "diary", "planned_missing"), ("P2", "m3", "expired"),
    ("P3", "baseline", "not_opened"), ("P3", "diary", "not_opened"), ("P3", "diary", "withdrawn"),
    ("P3", "m3", "completed"),
)  # fmt: skip


def test_waves_count_what_was_asked() -> None:
    found: Any = flow.by_wave(ROWS).set_index("wave")
    assert list(found.index) == ["baseline", "diary", "m3"]
    assert found.loc["baseline"].tolist() == [3, 1, 1, 1 / 3]
    assert found.loc["diary"].tolist() == [4, 1, 0, 0.25]
    assert found.loc["m3"].tolist() == [2, 1, 0, 0.5]


def test_retention_counts_people_once() -> None:
    found: Any = flow.retention(ROWS).set_index("wave")
    assert found.loc["diary"].tolist() == [2, 1, 0.5]
    assert found.loc["baseline"].tolist() == [3, 2, 2 / 3]


def test_a_wave_nobody_was_asked_in_has_no_rate() -> None:
    found = flow.by_wave(occasions(("P1", "m12", "not_due")))
    assert found["rate"].isna().all()
    assert flow.retention(occasions(("P1", "m12", "not_due"))).empty


def test_reasons_are_counted_most_first_and_ties_by_name() -> None:
    answers = pd.DataFrame({"reason": ["skipped", None, "expired", "not_due", "not_due"]})
    assert flow.reasons(answers).values.tolist() == [["not_due", 2], ["expired", 1], ["skipped", 1]]


def test_nothing_at_all() -> None:
    empty = occasions()
    assert flow.by_wave(empty).empty
    assert flow.retention(empty).empty
    assert flow.reasons(pd.DataFrame({"reason": pd.Series([], dtype="str")})).empty
