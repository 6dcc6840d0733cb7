"""Lists, rankings, dates, times, ticks and coded answers that stand apart: read, or a problem."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.responding.answers import Problem, parse_page
from surveys.responding.readers import parts_of
from tests.questionnaires import MORE_KINDS

ITEMS = MORE_KINDS.by_code


def read(code: str, posted: dict[str, str], *, insist: bool = False) -> Any:
    page = parse_page(MORE_KINDS, [ITEMS[code]], posted, insist=insist)
    return page.problems.get(code) or page.answers[code]


def ticks(*codes: int) -> dict[str, str]:
    return {f"help.{code}": str(code) for code in codes}


def places(*given: str) -> dict[str, str]:
    return {f"order.{code}": place for code, place in enumerate(given, start=1)}


@pytest.mark.parametrize(
    ("code", "posted", "answer"),
    [
        ("welcome", {"welcome": "x"}, None),
        ("taken", {}, None),
        ("taken", {"taken": "1"}, 1),
        ("help", {}, None),
        ("help", ticks(3, 1), [1, 3]),
        ("help", ticks(0), [0]),
        ("help", ticks(-9), [-9]),
        ("order", places("2", "3", "1"), [3, 1, 2]),
        ("order", places("", "", ""), None),
        ("born", {"born": "1980-02-29"}, "1980-02-29"),
        ("born", {"born": "1.2.1980"}, "1980-02-01"),
        ("born", {"born.aside": "-9"}, -9),
        ("born", {"born": "", "born.aside": ""}, None),
        ("asleep", {"asleep": "23:05"}, "23:05"),
        ("asleep", {"asleep": "7.30"}, "07:30"),
        ("asleep", {"asleep": "07:30:15"}, "07:30"),
        ("warmth", {"warmth": "0"}, 0),
        ("children", {"children.aside": "-8"}, -8),
        ("name", {"name": "-8"}, "-8"),
        ("near", {"near": "-9"}, -9),
    ],
)
def test_valid_values_are_kept(code: str, posted: dict[str, str], answer: object) -> None:
    assert read(code, posted) == answer


@pytest.mark.parametrize(
    ("code", "posted", "problem"),
    [
        ("taken", {"taken": "yes"}, Problem.NOT_AN_OPTION),
        ("help", ticks(1, 2, 3), Problem.TOO_MANY),
        ("help", ticks(1, 0), Problem.NOT_TOGETHER),
        ("help", ticks(-9, 0), Problem.NOT_TOGETHER),
        ("help", {"help.1": "2"}, Problem.NOT_AN_OPTION),
        ("help", {"help": "1"}, Problem.NOT_AN_OPTION),
        ("order", places("1", "1", "2"), Problem.NOT_A_RANKING),
        ("order", places("1", "2", ""), Problem.NOT_A_RANKING),
        ("order", places("1", "2", "4"), Problem.NOT_A_RANKING),
        ("order", {"order": "1"}, Problem.NOT_A_RANKING),
        ("born", {"born": "1980-02-30"}, Problem.NOT_A_DATE),
        ("born", {"born": "0000-01-01"}, Problem.NOT_A_DATE),
        ("born", {"born": "02/03/1980"}, Problem.NOT_A_DATE),
        ("born", {"born": "１９８０-02-03"}, Problem.NOT_A_DATE),
        ("born", {"born": "1899-12-31"}, Problem.DATE_OUT_OF_RANGE),
        ("born", {"born": "2021-01-01"}, Problem.DATE_OUT_OF_RANGE),
        ("born", {"born": "1980-02-03", "born.aside": "-9"}, Problem.TWO_ANSWERS),
        ("born", {"born.aside": "-7"}, Problem.NOT_AN_OPTION),
        ("asleep", {"asleep": "24:00"}, Problem.NOT_A_TIME),
        ("asleep", {"asleep": "12"}, Problem.NOT_A_TIME),
        ("warmth", {"warmth": "101"}, Problem.OUT_OF_RANGE),
        ("children", {"children": "-8"}, Problem.OUT_OF_RANGE),
        ("near", {"near.aside": "-9", "near": "4"}, Problem.NOT_AN_OPTION),
        ("help", {"help.1": "\x00"}, Problem.UNREADABLE),
        ("order", {"order.2": "1" * 7000}, Problem.TOO_LONG),
    ],
)
def test_anything_else_is_a_named_problem(
    code: str, posted: dict[str, str], problem: Problem
) -> None:
    assert read(code, posted) is problem


def test_a_consent_cannot_be_passed_and_information_asks_nothing() -> None:
    assert read("taken", {"confirmed_skips": "taken"}, insist=True) is Problem.REQUIRED
    assert read("welcome", {}, insist=True) is None


def test_a_least_number_of_options_holds_unless_one_stands_alone() -> None:
    items = [{**i, "least": 2} if i["code"] == "help" else i for i in _document()["items"]]
    asked = type(MORE_KINDS).model_validate(_document() | {"items": items})
    item = asked.by_code["help"]

    def posted(*codes: int) -> Any:
        page = parse_page(asked, [item], ticks(*codes), insist=False)
        return page.problems.get("help") or page.answers["help"]

    assert posted(1) is Problem.TOO_FEW
    assert (posted(0), posted(1, 2), posted()) == ([0], [1, 2], None)


def _document() -> dict[str, Any]:
    return MORE_KINDS.model_dump(mode="json")


NAMES = [
    name
    for item in MORE_KINDS.items
    for name in (item.code, *(f"{item.code}.{part}" for part in parts_of(MORE_KINDS, item)))
]
VALUES = ["-9", "-8", "0", "1", "2", "3", "23:59", "2000-02-29", "2000-13-01", "on", "\x00", "٣"]
anything = st.dictionaries(
    st.sampled_from([*NAMES, "near.aside", "confirmed_skips"]),
    st.one_of(st.text(max_size=12), st.sampled_from(VALUES)),
    max_size=16,
)


@given(posted=anything, insist=st.booleans())
def test_whatever_is_posted_only_valid_values_pass(posted: dict[str, str], insist: bool) -> None:
    page = parse_page(MORE_KINDS, MORE_KINDS.items, posted, insist=insist)
    assert set(page.answers) | set(page.problems) == set(ITEMS)
    assert not set(page.answers) & set(page.problems)
    for code, value in page.answers.items():
        assert value is None or is_valid(code, value), (code, value)


def is_valid(code: str, value: Any) -> bool:
    item = ITEMS[code]
    codes = {option.code for option in MORE_KINDS.options_of(item)}
    if isinstance(value, int) and value in {o.code for o in MORE_KINDS.asides_of(item)}:
        return True
    match item.kind:
        case "multiple":
            valid = sorted(set(value)) == value and set(value) <= codes
        case "ranking":
            valid = set(value) == codes and len(value) == len(codes)
        case "number" | "slider":
            valid = (item.min or 0) <= value <= (item.max or 0)
        case "date":
            valid = date(1900, 1, 1) <= date.fromisoformat(value) <= date(2020, 12, 31)
        case "time":
            valid = len(value) == 5 and "00:00" <= value <= "23:59"
        case _:
            valid = value in codes | {1} or isinstance(value, str)
    return valid
