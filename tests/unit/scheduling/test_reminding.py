"""Fewer reminders: which are not sent, which come back, and what is sent all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from surveys.scheduling.changes import diff
from surveys.scheduling.existing import ExistingOccasion
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planned import PlannedOccasion
from surveys.scheduling.planner import Planner
from surveys.scheduling.reminding import Reminding, n_out
from surveys.scheduling.underway import delays
from tests.unit.scheduling.plans import (
    BERLIN,
    NEW_YORK,
    Plan,
    diary,
    person,
    protocol,
    put_off,
    swept,
    utc,
    written,
)
from tests.world import wave_document as wave

DESIGN = protocol(wave("baseline", "P0D", reminders=["P2D", "P4D", "P6D"]), quiet_hours=None)
PLANNER = Planner(DESIGN)
NINE_O_CLOCK = {"anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 2, "at": "09:00"}
ENROLLED = utc("2027-02-01 08:00")
Seen = list[tuple[str, int, str, str]]


def facts(most: int | None, **changes: Any) -> PersonFacts:
    return person(**{"enrolled_at": ENROLLED, "most_reminders": most, **changes})


def planned(most: int | None, **changes: Any) -> PlannedOccasion:
    (occasion,) = PLANNER.plan(facts(most, **changes))
    return occasion


def replanned(before: Plan, now: datetime, most: int | None, **changes: Any) -> Plan:
    """The plan after the wish has become known, as `replanning` writes it."""
    who = facts(most, **changes)
    change = diff(before, PLANNER.plan(who), now)
    wait, wish = PLANNER.postponement(who), Reminding(who.most_reminders)
    return put_off(delays(before.values(), wait, wish, now), written(change, before))


def only(plan: Plan) -> ExistingOccasion:
    (row,) = plan.values()
    return row


def seen(plan: Plan) -> Seen:
    messages = sorted(only(plan).messages, key=lambda m: (m.kind, m.nth))
    return [(m.kind, m.nth, m.state, m.why_not) for m in messages]


INVITED = ("invitation", 1, "sent", "")
UNWANTED = ("cancelled", "fewer_reminders")


@pytest.mark.parametrize(("most", "n"), [(None, 3), (1, 1), (0, 0)])
def test_the_plan_holds_every_reminder_and_says_which_are_not_wanted(
    most: int | None, n: int
) -> None:
    messages = planned(most).messages
    assert [message.kind for message in messages] == ["invitation", *["reminder"] * 3]
    assert [message.why_not for message in messages[1:]] == [""] * n + ["fewer_reminders"] * (3 - n)
    assert messages[0].why_not == "", "invitations go on"
    assert [m.due_at for m in messages] == [m.due_at for m in planned(None).messages]


def test_planning_twice_with_a_wish_is_once() -> None:
    plan = written(diff({}, PLANNER.plan(facts(1)), ENROLLED))
    assert not diff(plan, PLANNER.plan(facts(1)), ENROLLED)
    assert not delays(plan.values(), PLANNER.postponement(facts(1)), Reminding(1), ENROLLED)


def test_what_keeps_its_place_after_a_move_follows_a_wish_and_its_end() -> None:
    """Nine in the morning of the new zone is over, so the diary stays at nine of the old one."""
    planner = Planner(protocol(diary(schedule=NINE_O_CLOCK, reminders=["PT30M"])))
    zones = {"enrollment": NEW_YORK}  # where its first day was read
    began = utc("2027-01-01 00:00")
    at_home = facts(None, enrolled_at=began, zone=NEW_YORK, anchor_zones=zones)
    plan = written(diff({}, planner.plan(at_home), began))
    now = utc("2027-01-01 10:00")
    expected = {0: UNWANTED, None: ("due", "")}
    for most in (0, None):
        moved = replace(at_home, zone=BERLIN, most_reminders=most)
        plan = written(diff(plan, planner.plan(moved), now), plan)
        assert not diff(plan, planner.plan(moved), now)
        first = plan["diary", 1]
        assert first.opens_at == utc("2027-01-01 14:00")
        reminder = next(m for m in first.messages if m.kind == "reminder")
        assert (reminder.state, reminder.why_not) == expected[most]
        assert reminder.due_at == utc("2027-01-01 14:30")


@pytest.mark.parametrize("most", [0, 1])
def test_what_is_ahead_follows_a_wish_and_its_end(most: int) -> None:
    design = protocol(wave("m1", "P9D", reminders=["P2D", "P4D"]))
    planner = Planner(design)
    plan = written(diff({}, planner.plan(facts(None)), ENROLLED))
    wished = written(diff(plan, planner.plan(facts(most)), ENROLLED), plan)
    expected = [("due", "")] * most + [UNWANTED] * (2 - most)
    assert [(s, why) for kind, _, s, why in seen(wished) if kind == "reminder"] == expected
    back = written(diff(wished, planner.plan(facts(None)), ENROLLED), wished)
    assert [state for *_, state, _ in seen(back)] == ["due"] * 3


def opened(after_days: int) -> tuple[Plan, datetime]:
    """The plan of somebody who wanted all, with what was sent until some days after enrolment."""
    plan = written(diff({}, PLANNER.plan(facts(None)), ENROLLED))
    now = ENROLLED.replace(day=1 + after_days, hour=12)
    return swept(plan, now), now


def test_in_an_open_questionnaire_what_went_out_counts() -> None:
    plan, now = opened(3)
    wished = replanned(plan, now, 1)
    assert seen(wished) == [
        INVITED,
        ("reminder", 1, "sent", ""),
        ("reminder", 2, *UNWANTED),
        ("reminder", 3, *UNWANTED),
    ]
    assert seen(replanned(wished, now, None)) == seen(plan), "taken back at once, all come again"


def test_only_one_leaves_the_next_when_none_went_out() -> None:
    plan, now = opened(1)
    states = [state for _, _, state, _ in seen(replanned(plan, now, 1))]
    assert states == ["sent", "due", "cancelled", "cancelled"]


def test_what_passed_meanwhile_does_not_come_late() -> None:
    plan, now = opened(1)
    wished = replanned(plan, now, 0)
    later = now.replace(day=6)
    states = [state for _, _, state, _ in seen(replanned(wished, later, None))]
    assert states == ["sent", "cancelled", "cancelled", "due"]


def test_a_wish_during_a_pause_holds_after_it() -> None:
    plan, now = opened(1)
    pause = {"paused_until": now.date().replace(day=4)}
    paused = replanned(plan, now, None, **pause)
    wished = replanned(paused, now, 0, **pause)
    back = replanned(wished, now, 0)
    assert [state for _, _, state, _ in seen(back)] == ["sent", *["cancelled"] * 3]
    assert seen(replanned(back, now, None)) == seen(plan)


def test_a_reminder_that_was_asked_for_is_sent_all_the_same() -> None:
    plan, now = opened(1)
    row = only(plan)
    promised = row.messages[-1]._replace(id=uuid4(), nth=4, due_at=now.replace(hour=14))
    local = {**row.local, "asked_for": [4]}
    plan = {row.key: row._replace(messages=(*row.messages, promised), local=local)}
    states = {nth: state for _, nth, state, _ in seen(replanned(plan, now, 0))}
    assert states[4] == "due"


def test_unwanted_reminders_take_no_place_in_a_busy_day() -> None:
    waves = [wave("a", "P1D", reminders=["P1D"]), wave("b", "P2D", reminders=["P1D"])]
    planner = Planner(protocol(*waves))
    _, second = planner.plan(facts(0))
    assert second.opens_at == second.messages[0].due_at, "nothing is written at that moment"
    assert "apart" not in second.local.get("guards", ())
    _, moved = planner.plan(facts(None))
    assert "apart" in moved.local["guards"]


def test_a_reminder_that_was_asked_for_is_not_one_of_those_wanted() -> None:
    row = only(opened(3)[0])
    assert n_out(row) == 1
    assert n_out(row._replace(local={**row.local, "asked_for": [1]})) == 0


def test_the_wish_also_holds_for_reminders_that_a_newer_version_does_not_have() -> None:
    plan, now = opened(1)
    without = Planner(protocol(wave("baseline", "P0D", reminders=[]), quiet_hours=None))
    who = facts(0)
    change = diff(plan, without.plan(who), now)
    put = put_off(
        delays(plan.values(), without.postponement(who), Reminding(0), now), written(change, plan)
    )
    states = {(kind, nth): (state, why) for kind, nth, state, why in seen(put)}
    assert [states["reminder", nth] for nth in (2, 3)] == [UNWANTED, UNWANTED]


def test_what_waits_goes_on_waiting_though_a_newer_version_has_no_reminders() -> None:
    plan, now = opened(1)
    plan = replanned(plan, now, 0)
    fewer = Reminding(0)
    assert [state for _, _, state, _ in seen(plan)].count("cancelled") == 3
    assert delays(plan.values(), PLANNER.postponement(facts(0)), fewer, now) == []
