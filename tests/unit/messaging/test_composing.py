"""What a mail says about the end of its window."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from surveys.messaging.composing import Letter, _until
from tests.world import NOW


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (timedelta(days=14), "Montag, 15. März 2027"),
        (timedelta(days=13, hours=14), "Sonntag, 14. März 2027"),  # midnight
        (timedelta(minutes=90), "Montag, 1. März 2027, 11:30"),
        (timedelta(hours=14), "Montag, 1. März 2027, 23:59"),
    ],
)
def test_a_short_window_says_the_time_of_day(window: timedelta, words: str) -> None:
    letter = Letter(
        *(uuid4(), "invitation", 1, uuid4(), 0, 1, uuid4(), 1, "m3", "de", "Europe/Berlin"),
        opens_at=NOW,
        closes_at=NOW + window,
    )
    assert _until(letter) == words
