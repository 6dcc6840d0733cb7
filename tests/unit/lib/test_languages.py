"""Directions, and what must keep its own order within words that run right to left."""

from __future__ import annotations

import pytest

from surveys.lib.languages import direction, isolated


def test_directions() -> None:
    assert [direction(code) for code in ("en", "de-AT", "ar", "ar-EG", "he")] == [
        "ltr", "ltr", "rtl", "rtl", "rtl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("اتصل 116 123 ليلًا", "اتصل \u2066116 123\u2069 ليلًا"),
        ("+49 30 12345-6", "\u2066+49 30 12345-6\u2069"),
        ("(030) 123 456", "\u2066(030) 123 456\u2069"),
        ("منذ 2026-03-01.", "منذ \u20662026-03-01\u2069."),
    ],
)
def test_telephone_numbers_and_dates_keep_their_order(text: str, shown: str) -> None:
    assert isolated(text, "ar") == shown
    assert isolated(text, "de") == text


@pytest.mark.parametrize(
    "text",
    [
        "112",
        "من 1 إلى 7",
        "3-4 مرات",
        "9:00 ص",
        "https://study.example/2026-03-01/12 34",
        "12-345-678@study.example",
    ],
)
def test_what_is_in_order_by_itself_stays_as_it_is(text: str) -> None:
    assert isolated(text, "ar") == text
