"""When simulated people come, so that no dataset hangs on how quick a machine is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from studyplatform.demo.year import NARROW, in_good_time

CLOSE = datetime(2027, 1, 20, 22, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("early", "comes"),
    [
        (NARROW + MINUTE, CLOSE - NARROW - MINUTE),
        (NARROW, CLOSE - NARROW),
        (NARROW - MINUTE, CLOSE + MINUTE),
        (0 * MINUTE, CLOSE + MINUTE),
        (-3 * MINUTE, CLOSE + 3 * MINUTE),
    ],
)
def test_nobody_comes_shortly_before_the_close(early: timedelta, comes: datetime) -> None:
    assert in_good_time(CLOSE - early, closes_at=CLOSE) == comes


def test_without_a_close_anybody_comes_when_they_like() -> None:
    assert in_good_time(CLOSE, closes_at=None) == CLOSE
