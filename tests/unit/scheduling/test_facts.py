"""What occasions say about a wave: completed, when, and in which zone its anchor was read."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.facts import anchor_zones, completed_at, has_completed
from tests.unit.scheduling.plans import AUCKLAND, BERLIN, utc


def past(state: str, nth: int = 1, **changes: Any) -> ExistingOccasion:
    values: dict[str, Any] = {
        "id": uuid4(), "wave": "diary", "nth": nth, "state": state, "cause": "",
        "opens_at": utc(f"2027-02-0{nth} 08:00"), "closes_at": utc(f"2027-02-0{nth} 20:00"),
        "ended_at": utc(f"2027-02-0{nth} 12:00") if state == "completed" else None, "local": {},
    }  # fmt: skip
    return ExistingOccasion(**values | changes)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (["completed"], True),
        (["expired"], False),
        (["excluded"], False),
        (["cancelled"], False),
        (["planned"], None),
        (["open"], None),
        (["started"], None),
        (["completed", "planned"], None),
        (["completed", "expired", "expired"], True),
        (["expired", "expired"], False),
    ],
)
def test_a_wave_is_completed_once_it_has_ended_with_a_completion(
    states: list[str], expected: bool | None
) -> None:
    assert has_completed(past(state, n) for n, state in enumerate(states, 1)) is expected


def test_a_repeated_waves_moment_is_its_last_completion() -> None:
    rows = [past("completed", 1), past("completed", 2), past("expired", 3)]
    assert completed_at(rows) == utc("2027-02-02 12:00")
    assert completed_at([*rows, past("open", 4)]) is None
    assert completed_at([past("expired")]) is None


def test_an_anchor_is_read_in_the_zone_of_the_first_occasion_that_opened() -> None:
    here = {"anchor": "enrollment", "zone": BERLIN}
    there = {"anchor": "enrollment", "zone": AUCKLAND}
    assert anchor_zones([past("planned", 1, local=here)]) == {}
    assert anchor_zones([past("open", 2, local=there), past("expired", 1, local=here)]) == {
        "enrollment": BERLIN
    }
    kept = there | {"anchor_zone": BERLIN}
    assert anchor_zones([past("open", 2, local=kept)]) == {"enrollment": BERLIN}
    assert anchor_zones([past("open", 1, local={"zone": BERLIN})]) == {}  # a fixed date
