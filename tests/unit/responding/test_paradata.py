"""Order, times, changes and dwell are kept; a double click leaves no second trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from surveys.responding.answers import Answer
from surveys.responding.paradata import Visit, merge, seconds_of

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def visit(
    page: int, shown: float, saved: float, *items: str, seconds: float | None = None
) -> Visit:
    return Visit(page, items, "de", at(shown), at(saved), seconds)


def merged(
    paradata: dict[str, Any], stay: Visit, before: dict[str, Answer], after: dict[str, Answer]
) -> dict[str, Any]:
    return merge(paradata, stay, started_at=START, before=before, after=after)


def test_a_first_page_is_noted() -> None:
    assert merged({}, visit(1, 0, 30, "a", "b"), {}, {"a": 1, "b": None}) == {
        "language": "de",
        "layout": "items",
        "order": ["a", "b"],
        "items": {"a": {"first": 30.0, "last": 30.0, "changes": 0}},
        "pages": [
            {
                "page": 1,
                "shown": "2027-03-01T09:00:00.000+00:00",
                "saved": "2027-03-01T09:00:30.000+00:00",
                "seconds": 30.0,
            }
        ],
    }


def test_coming_back_and_changing_an_answer_is_counted() -> None:
    first = merged({}, visit(1, 0, 30, "a", "b"), {}, {"a": 1, "b": 2})
    again = merged(first, visit(1, 50, 60, "a", "b"), {"a": 1, "b": 2}, {"a": 3, "b": 2})
    assert again["items"]["a"] == {"first": 30.0, "last": 60.0, "changes": 1}
    assert again["items"]["b"] == {"first": 30.0, "last": 30.0, "changes": 0}
    assert again["order"] == ["a", "b"]
    assert [page["seconds"] for page in again["pages"]] == [30.0, 10.0]


def test_the_same_showing_posted_twice_is_one_visit() -> None:
    once = merged({}, visit(1, 0, 30, "a"), {}, {"a": 1})
    assert merged(once, visit(1, 0, 31, "a"), {"a": 1}, {"a": 1}) == once


@pytest.mark.parametrize(
    ("counted", "dwell"), [(None, 30.0), (12.0, 12.0), (90.0, 30.0)], ids=["none", "less", "more"]
)
def test_the_browser_cannot_claim_more_time_than_passed(
    counted: float | None, dwell: float
) -> None:
    assert visit(1, 0, 30, "a", seconds=counted).dwell == dwell


def test_a_page_whose_showing_is_not_known_has_no_dwell() -> None:
    assert Visit(1, ["a"], "en", None, at(30)).dwell is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("12", 12.0), ("", None), ("-1", None), ("1e9", None), ("9999999", None)]
)
def test_only_plain_seconds_are_read(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds
