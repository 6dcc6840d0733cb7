"""Each row of the table, asked of the platform."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import pytest

from tests.unit.spec.time_cases import EVERY, LIVED, LIVED_IN, PURE, Pure, number_of


def _ids() -> list[str]:
    seen: Counter[str] = Counter()
    names = []
    for case in PURE:
        seen[case.number] += 1
        names.append(f"{case.number}-{seen[case.number]}")
    return names


@pytest.mark.parametrize("case", PURE, ids=_ids())
def test_a_time_case(case: Pure) -> None:
    assert case.asked.answer() == case.expected, case.situation


def test_there_are_26_cases_without_a_gap() -> None:
    assert {number_of(case) for case in EVERY} == set(range(1, 27))


@pytest.mark.parametrize("name", [case.test for case in LIVED])
def test_each_case_that_needs_rows_is_lived_through(name: str) -> None:
    assert callable(getattr(import_module(LIVED_IN), name))
