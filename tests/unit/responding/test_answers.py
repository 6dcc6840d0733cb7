"""A posted page becomes valid answers and named problems, whatever was posted."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.responding.answers import (
    CONFIRMED_SKIPS,
    PageAnswers,
    Problem,
    field_name,
    merged,
    parse_page,
)
from tests.questionnaires import EVERY_KIND

ITEMS = EVERY_KIND.by_code


def read(code: str, value: str, **options: Any) -> Any:
    """The answer to one item, or its problem."""
    page = parse_page(EVERY_KIND, [ITEMS[code]], {code: value}, **options)
    return page.problems.get(code) or page.answers[code]


@pytest.mark.parametrize(
    ("code", "posted", "answer"),
    [
        ("closeness", "1", 1),
        ("closeness", " 7 ", 7),
        ("closeness", "-9", -9),
        ("age", "18", 18),
        ("age", "+120", 120),
        ("hours", "7.5", 7.5),
        ("hours", "7,5", 7.5),
        ("hours", "8", 8.0),
        ("age", "٣٧", 37),
        ("hours", "٧٫٥", 7.5),
        ("change", "\u22122", -2),
        ("change", "-0", 0),
        ("note", "two\r\nlines", "two\nlines"),
        ("note", "Zoe\u0308", "Zoë"),
        ("note", "a\u202eb", "ab"),
        ("note", "👩‍👧 fine", "👩‍👧 fine"),
        ("note", "שלום", "שלום"),
        ("note", "   ", None),
        ("note", "\u202e", None),
        ("age", "", None),
    ],
)
def test_valid_values_are_kept(code: str, posted: str, answer: object) -> None:
    assert read(code, posted, insist=False) == answer


@pytest.mark.parametrize(
    ("code", "posted", "problem"),
    [
        ("closeness", "8", Problem.NOT_AN_OPTION),
        ("closeness", "01", Problem.NOT_AN_OPTION),
        ("closeness", "１", Problem.NOT_AN_OPTION),
        ("closeness", "1.0", Problem.NOT_AN_OPTION),
        ("closeness", "1\x00", Problem.UNREADABLE),
        ("age", "17", Problem.OUT_OF_RANGE),
        ("age", "121", Problem.OUT_OF_RANGE),
        ("age", "9" * 5000, Problem.OUT_OF_RANGE),
        ("change", "9" * 5000, Problem.TOO_MANY_DIGITS),
        ("age", "3" * 6001, Problem.TOO_LONG),
        ("age", "37,5", Problem.NOT_WHOLE),
        ("age", "Infinity", Problem.NOT_A_NUMBER),
        ("age", "NaN", Problem.NOT_A_NUMBER),
        ("age", "1e400", Problem.NOT_A_NUMBER),
        ("hours", "1e3", Problem.NOT_A_NUMBER),
        ("hours", "1.234,5", Problem.NOT_A_NUMBER),
        ("age", "３７", Problem.NOT_A_NUMBER),
        ("age", "1_000", Problem.NOT_A_NUMBER),
        ("note", "x" * 201, Problem.TOO_LONG),
        ("note", "a\x00b", Problem.UNREADABLE),
        ("note", "a\x1bb", Problem.UNREADABLE),
        ("note", "a\ud800b", Problem.UNREADABLE),
        ("note", "e" + "\u0301\u0323" * 500_000, Problem.TOO_LONG),
    ],
)
def test_anything_else_is_a_named_problem(code: str, posted: str, problem: Problem) -> None:
    assert read(code, posted, insist=False) is problem


def test_fields_of_no_item_are_ignored() -> None:
    page = parse_page(EVERY_KIND, [ITEMS["age"]], {"age": "40", "closeness": "1", "is_admin": "1"})
    assert page == PageAnswers({"age": 40}, {})


def test_a_soft_item_is_asked_for_once() -> None:
    items = [ITEMS["closeness"], ITEMS["age"]]
    first = parse_page(EVERY_KIND, items, {"age": "40"})
    assert first.problems == {"closeness": Problem.UNANSWERED}
    second = parse_page(EVERY_KIND, items, {"age": "40", CONFIRMED_SKIPS: "closeness"})
    assert second == PageAnswers({"closeness": None, "age": 40}, {})


def test_a_prompt_for_one_item_does_not_excuse_another() -> None:
    items = [ITEMS["closeness"], ITEMS["age"]]
    page = parse_page(EVERY_KIND, items, {CONFIRMED_SKIPS: "closeness"})
    assert page.problems == {"age": Problem.UNANSWERED}


def test_a_hard_item_cannot_be_skipped_but_going_back_insists_on_nothing() -> None:
    posted = {CONFIRMED_SKIPS: "agree"}
    assert parse_page(EVERY_KIND, [ITEMS["agree"]], posted).problems == {"agree": Problem.REQUIRED}
    assert parse_page(EVERY_KIND, [ITEMS["agree"]], posted, insist=False).problems == {}


def test_an_item_named_like_a_field_of_the_platform_has_its_own_field() -> None:
    assert field_name("action") == "action-"
    page = parse_page(EVERY_KIND, [ITEMS["action"]], {"action": "next", "action-": "1"})
    assert page == PageAnswers({"action": 1}, {})


def test_a_blank_counts_as_skipped_only_once_the_page_is_completed() -> None:
    page = PageAnswers({"age": None, "hours": 7.5, "note": None}, {})
    assert merged({"note": "old"}, page, completed=False) == {"note": None, "hours": 7.5}
    assert merged({}, page, completed=True) == {"age": None, "hours": 7.5, "note": None}


anything = st.dictionaries(
    st.one_of(st.sampled_from([*ITEMS, CONFIRMED_SKIPS]), st.text(max_size=8)),
    st.one_of(
        st.text(),
        st.from_regex(r"[+-]?[0-9]{0,20}([.,][0-9]{0,5})?", fullmatch=True),
        st.sampled_from(["-9", "1", "7", "Infinity", "1e400", "\x00", "\u202e1", " ".join(ITEMS)]),
    ),
    max_size=8,
)


@given(posted=anything, insist=st.booleans())
def test_whatever_is_posted_only_valid_values_pass(posted: dict[str, str], insist: bool) -> None:
    page = parse_page(EVERY_KIND, EVERY_KIND.items, posted, insist=insist)
    assert set(page.answers) | set(page.problems) == set(ITEMS)
    assert not set(page.answers) & set(page.problems)
    for code, value in page.answers.items():
        item = ITEMS[code]
        if item.kind == "single":
            assert value is None or value in {o.code for o in EVERY_KIND.options_of(item)}
        elif item.kind == "number":
            assert value is None or isinstance(value, int if item.whole else float)
            assert value is None or (item.min or -1e15) <= float(value) <= (item.max or 1e15)
        else:
            assert value is None or _is_clean(value, item.max_length)


@given(text=st.text(max_size=200))
def test_reading_what_was_stored_gives_the_same_again(text: str) -> None:
    once = read("note", text, insist=False)
    if isinstance(once, str) and not isinstance(once, Problem):
        assert read("note", once, insist=False) == once


def _is_clean(value: object, longest: int) -> bool:
    assert isinstance(value, str)
    return (
        0 < len(value) <= longest
        and unicodedata.is_normalized("NFC", value)
        and "\x00" not in value
        and value.encode("utf-8").decode("utf-8") == value
    )
