"""Digits of other scripts, as keyboards type them."""

from __future__ import annotations

import pytest

from surveys.lib.digits import plain


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("٤٠", "40"),
        ("۴۰", "40"),
        ("٧٫٥", "7.5"),
        ("\u22123", "-3"),
        ("٠٩:٣٠", "09:30"),
        ("about 4", "about 4"),
        ("४०", "४०"),
    ],
)
def test_arabic_and_persian_digits_are_read(typed: str, read: str) -> None:
    assert plain(typed) == read
