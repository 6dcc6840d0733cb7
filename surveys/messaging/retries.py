"""When a message that was certainly not sent is tried again. Pure."""

from __future__ import annotations

from datetime import timedelta

LADDER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=8),
    timedelta(hours=12),
    timedelta(hours=24),
)
MAX_ATTEMPTS = len(LADDER) + 1


def pause_after(n_attempts: int, chance: float) -> timedelta | None:
    """How long to wait after the n-th attempt, or None when it was the last.

    `chance` is between 0 and 1 and spreads the pause by a fifth either way, so that a batch
    refused together does not come back together.
    """
    if n_attempts >= MAX_ATTEMPTS:
        return None
    return LADDER[n_attempts - 1] * (0.8 + 0.4 * chance)
