"""The pauses between attempts grow, are spread, and end."""

from __future__ import annotations

from datetime import timedelta

from surveys.messaging.retries import LADDER, MAX_ATTEMPTS, pause_after


def test_pauses_grow_from_half_a_minute_to_a_day_and_then_it_is_over() -> None:
    pauses = [pause_after(n, 0.5) for n in range(1, MAX_ATTEMPTS + 1)]
    assert pauses == [*LADDER, None]
    assert sorted(LADDER) == list(LADDER)
    assert (LADDER[0], LADDER[-1]) == (timedelta(seconds=30), timedelta(days=1))


def test_pauses_are_spread_by_a_fifth() -> None:
    assert pause_after(1, 0.0) == timedelta(seconds=24)
    assert pause_after(1, 1.0) == timedelta(seconds=36)


def test_more_attempts_than_the_ladder_has_are_no_error() -> None:
    assert pause_after(MAX_ATTEMPTS + 5, 0.5) is None
