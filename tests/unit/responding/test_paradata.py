"""Order, times, changes and dwell are kept; a double click leaves no second trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from surveys.responding.answers import Answer
from surveys.responding.paradata import Visit, is_late, merge, moments_of, seconds_of, visit_of

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


def by_itself(turn: int, saved: float, *, shown: float = 0, **touched: float) -> Visit:
    return Visit(1, ["a", "b"], "de", at(shown), at(saved), touched=touched, turn=turn)


def test_a_page_that_saves_itself_is_one_visit_until_it_is_sent() -> None:
    once = merged({}, by_itself(1, 4, a=3.5), {}, {"a": 1})
    twice = merged(once, by_itself(2, 9, a=3.5, b=8.2), {"a": 1}, {"a": 1, "b": 2})
    assert [(page["seconds"], page["turn"]) for page in twice["pages"]] == [(9.0, 2)]
    sent = merged(twice, visit(1, 0, 30, "a", "b"), {"a": 1, "b": 2}, {"a": 1, "b": 2})
    assert [page["seconds"] for page in sent["pages"]] == [30.0]
    assert "turn" not in sent["pages"][0]
    assert sent["items"] == {
        "a": {"first": 3.5, "last": 3.5, "changes": 0},
        "b": {"first": 8.2, "last": 8.2, "changes": 0},
    }


def test_a_save_that_was_overtaken_is_late() -> None:
    once = merged({}, by_itself(2, 9, a=8.0), {}, {"a": 1})
    assert is_late(once, by_itself(1, 9, a=3.0))
    assert is_late(once, by_itself(2, 9, a=8.0)), "the same one again"
    assert not is_late(once, by_itself(3, 12, a=11.0))
    assert not is_late(once, by_itself(1, 99, shown=50, a=8.0)), "another showing"
    sent = merged(once, visit(1, 0, 30, "a"), {"a": 1}, {"a": 2})
    assert is_late(sent, by_itself(3, 31, a=11.0)), "what somebody sent is newer"
    assert not is_late(sent, visit(1, 0, 31, "a")), "and that is never late"


def test_the_browser_cannot_answer_in_the_future() -> None:
    late = merged({}, by_itself(1, 4, a=900.0), {}, {"a": 1})
    assert late["items"]["a"]["last"] == 4.0


def test_device_and_layout_are_kept_when_they_are_words_that_we_know() -> None:
    def told(**posted: str) -> dict[str, Any]:
        stay = visit_of(
            {"shown": START.isoformat(), **posted},
            page=1, items=["a"], options={},
            language="de", now=at(30), by_itself=False,
        )  # fmt: skip
        return merged({}, stay, {}, {"a": 1})

    phone = told(device="phone", layout="rows")
    assert (phone["layout"], phone["pages"][0]["device"]) == ("rows", "phone")
    odd = told(device="<script>", layout="\x00")
    assert odd["layout"] == "items"
    assert "device" not in odd["pages"][0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:1.5 b_2:20", {"a": 1.5, "b_2": 20.0}),
        ("", {}),
        ("a a: :1 a:-1 a:1e9 a:nan A:1 a:1.55 a:9999999", {}),
    ],
)
def test_only_plain_moments_are_read(text: str, expected: dict[str, float]) -> None:
    assert moments_of(text) == expected


def test_the_order_of_options_is_kept_from_the_pages_that_have_them() -> None:
    first = replace(visit(1, 0, 30, "a"), options={"set": [2, 1]})
    kept = merged({}, first, {}, {"a": 1})
    assert kept["options"] == {"set": [2, 1]}
    second = replace(visit(2, 31, 40, "b"), options={"other": [1, 2]})
    later = merged(kept, second, {"a": 1}, {"a": 1, "b": 2})
    assert later["options"] == {"set": [2, 1], "other": [1, 2]}
    assert "options" not in merged({}, visit(1, 0, 30, "a"), {}, {"a": 1})
