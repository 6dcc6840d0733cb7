"""The sign-up of a study file: who is eligible, where places are left, and what is said of faults."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from surveys.design import checks
from surveys.design.joining import Joining, ScreenerItem, is_eligible
from surveys.design.protocol import Protocol
from tests.unit.participants.protocols import document, protocol

AGE = {"code": "age", "kind": "number", "text": {"en": "Age", "de": "Alter"}, "min": 0, "max": 120}
SITE = {
    "code": "site",
    "kind": "single",
    "text": {"en": "Where?", "de": "Wo?"},
    "options": [
        {"code": "north", "label": {"en": "North", "de": "Norden"}},
        {"code": "south", "label": {"en": "South", "de": "Süden"}},
    ],
}


def joining(**changes: Any) -> dict[str, Any]:
    return {"open": True, "screener": [AGE, SITE]} | changes


def faults(**changes: Any) -> list[str]:
    """What is wrong with the study whose sign-up has these changes."""
    with pytest.raises(ValidationError) as caught:
        Protocol.model_validate(document(joining=joining(**changes)))
    return [str(error["msg"]) for error in caught.value.errors()]


@pytest.mark.parametrize(
    ("today", "is_open"),
    [("2027-02-28", False), ("2027-03-01", True), ("2027-03-31", True), ("2027-04-01", False)],
)
def test_a_sign_up_is_open_from_its_first_to_its_last_day(today: str, is_open: bool) -> None:
    one = Joining(open=True, opens=date(2027, 3, 1), closes=date(2027, 3, 31))
    assert one.is_open(date.fromisoformat(today)) is is_open
    assert not one.model_copy(update={"open": False}).is_open(date.fromisoformat(today))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("18", 18.0), ("17,5", 17.5), ("0", 0.0), ("-1", None), ("121", None), ("", None),
        ("1e3", None), ("nan", None), ("inf", None), ("³", None), ("9" * 400, None),
        ("18\x00", None), ("18\n", None), ("١٨", 18.0), ("۱۸", 18.0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them_and_nothing_else_is(
    typed: str, read: float | None
) -> None:
    assert ScreenerItem.model_validate(AGE).read(typed) == read


def test_only_options_can_be_chosen() -> None:
    item = ScreenerItem.model_validate(SITE)
    assert item.read("north") == "north"
    assert item.read("NORTH") is None


@pytest.mark.parametrize(
    ("condition", "eligible"),
    [
        (None, True),
        ("screener.age >= 18", True),
        ("screener.age >= 18 && screener.site == 'south'", False),
        ("screener.age > 18.5 || screener.site in ['north']", True),
        ("screener.height > 1", False),
        ("screener.site > 1", False),
    ],
)
def test_the_condition_decides(condition: str | None, eligible: bool) -> None:
    assert is_eligible(condition, {"age": 18.0, "site": "north"}) is eligible


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("screener.aeg >= 18", "no item 'aeg'; known are age, site"),
        ("person.age >= 18", "'person' is not known"),
        ("screener.age >= 'a'", "cannot be evaluated"),
        ("screener.age + 1.0", "neither true nor false"),
        ("screener.age >=", "no CEL expression"),
    ],
)
def test_a_condition_that_cannot_decide_is_found_before_publishing(
    condition: str, said: str
) -> None:
    found = checks.problems(protocol(joining=joining(), eligibility=condition), {})
    assert [what for where, what in found if where == ("eligibility",) and said in what]


def test_places_are_counted_for_whom_they_are_for() -> None:
    quotas = ({"places": 3}, {"places": 2, "strata": {"site": "north"}})
    one = Joining.model_validate({"open": True, "quotas": quotas})
    assert not one.full({"site": "north"}, {0: 2, 1: 1})
    assert one.full({"site": "north"}, {0: 2, 1: 2})
    assert not one.full({"site": "south"}, {0: 2, 1: 2})
    assert one.full({"site": "south"}, {0: 3})


def test_what_does_not_fit_together_is_said_with_its_place() -> None:
    assert "lies before 'opens'" in faults(opens="2027-03-02", closes="2027-03-01")[0]
    assert "nobody says the stratum 'site'" in faults(screener=[AGE])[0]
    assert (
        "no option of the screener's item"
        in faults(quotas=[{"places": 1, "strata": {"site": "nord"}}])[0]
    )
    assert "group 'a1' stands twice" in faults(groups=[{"code": "A1"}, {"code": "a1"}])[0]
    assert "needs a 'panel'" in faults(completions=[{"wave": "baseline", "code": "C1"}])[0]
    assert (
        "there is no wave 'x'"
        in faults(panel={"participant": "PID"}, completions=[{"wave": "x", "code": "C1"}])[0]
    )
    assert "a meaning of its own" in faults(panel={"participant": "group"})[0]


def test_strata_may_come_from_group_codes_of_any_case() -> None:
    groups = [{"code": "Class-A", "strata": {"site": "north"}}]
    found = protocol(joining=joining(screener=[AGE], groups=groups)).joining
    assert found is not None
    group = found.group("CLASS-a")
    assert group is not None
    assert group.strata == {"site": "north"}
    assert found.group("class-b") is None


def test_a_completion_shows_something_and_leads_to_a_safe_address() -> None:
    panel = {"participant": "PROLIFIC_PID"}
    for one in ({}, {"url": "http://a.example"}, {"url": "javascript:alert(1)"}, {"code": "a b"}):
        assert faults(panel=panel, completions=[{"wave": "baseline"} | one])
