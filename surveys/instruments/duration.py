"""How long questionnaires take, as mails and pages say it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from surveys.instruments.definition import Instrument

SECONDS_PER_ITEM = 8  # a rating takes five to nine seconds


def minutes(instruments: Iterable[Instrument]) -> int:
    """About how long these take together, rounded up, so that nobody is promised too little."""
    n_items = sum(len(instrument.items) for instrument in instruments)
    return in_minutes(n_items * SECONDS_PER_ITEM)


def in_minutes(seconds: float) -> int:
    """Whole minutes, rounded up, and never none."""
    return max(1, math.ceil(seconds / 60))
