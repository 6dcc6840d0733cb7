"""A study's own cap on messages: no 24 hours hold more, as far as the windows allow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.scheduling.planned import PlannedMessage, PlannedOccasion
from surveys.scheduling.spacing import Spacing
from tests.unit.scheduling.plans import desired_plan, diary, person, protocol, utc
from tests.world import wave_document as wave

HOUR = timedelta(hours=1)
START = utc("2027-03-01 08:00")


def dues(cap: int | None, *waves: dict[str, Any]) -> list[datetime]:
    plan = desired_plan(protocol(*waves, messages_per_day=cap), person())
    return sorted(message.due_at for occasion in plan for message in occasion.messages)


def most_within_a_day(moments: list[datetime]) -> int:
    return max(
        sum(end - timedelta(hours=24) < moment <= end for moment in moments) for end in moments
    )


def test_the_later_wave_gives_way_until_the_day_is_over() -> None:
    three = [wave(code, "P1D", reminders=[]) for code in ("one", "two", "three")]
    free = dues(None, *three)
    assert free[2] - free[0] == HOUR
    capped = dues(2, *three)
    assert capped[:2] == free[:2]
    assert capped[2] == free[0] + timedelta(hours=24)


def test_what_fits_nowhere_before_its_window_closes_keeps_its_moment() -> None:
    plan = desired_plan(
        protocol(wave("m", "P1D", reminders=[]), diary(), messages_per_day=1), person()
    )
    first = next(occasion for occasion in plan if occasion.wave == "diary")
    assert first.messages[0].due_at == first.opens_at
    assert first.local["guards"] == ["apart", "day_cap"]


def test_a_roomy_cap_changes_nothing() -> None:
    week = diary()
    assert dues(1, week) == dues(None, week)


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=12),
    st.integers(1, 3),
)
def test_no_day_holds_more_than_the_cap_while_there_is_room(hours: list[int], cap: int) -> None:
    plan = [
        PlannedOccasion(
            f"w{n}",
            1,
            "",
            START + hour * HOUR,
            START + timedelta(days=400),
            {"zone": "UTC"},
            (PlannedMessage("invitation", 1, START + hour * HOUR),),
        )
        for n, hour in enumerate(hours)
    ]
    spaced = list(Spacing(lambda moment, _zone: moment, cap).spaced(plan))
    moments = [occasion.messages[0].due_at for occasion in spaced]
    assert most_within_a_day(moments) <= cap
    assert len(set(moments)) == len(moments)
    for before, after in zip(plan, spaced, strict=True):
        assert after.messages[0].due_at >= before.messages[0].due_at
        moved = after.messages != before.messages
        assert bool(after.local.get("guards")) == moved


@pytest.mark.parametrize("cap", [None, 5])
def test_two_at_one_moment_are_half_an_hour_apart(cap: int | None) -> None:
    pair = [wave(code, "P1D", reminders=[]) for code in ("one", "two")]
    first, second = dues(cap, *pair)
    assert second - first == timedelta(minutes=30)
