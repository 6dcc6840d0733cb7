"""What a new plan does to the one that exists: moves, cancels, revives, and leaves the past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from surveys.scheduling.changes import PlanChange, diff
from surveys.scheduling.facts import anchor_zones
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planned import PlannedOccasion
from tests.unit.scheduling.plans import (
    AUCKLAND,
    BERLIN,
    EAST,
    WEST,
    Plan,
    completed,
    desired_plan,
    diary,
    person,
    protocol,
    swept,
    trial,
    utc,
    written,
)
from tests.world import wave_document as wave

ENROLLED = utc("2027-01-31 14:30")
YEAR = protocol(wave("baseline", "P0D"), wave("m3", "P3M"))


def planned(design: Any = YEAR, **facts: Any) -> Plan:
    return written(diff({}, desired_plan(design, person(**facts)), ENROLLED))


def replanned(plan: Plan, now: str, design: Any = YEAR, **facts: Any) -> PlanChange:
    return diff(plan, wanted(plan, design, **facts), utc(now))


def wanted(plan: Plan, design: Any = YEAR, **facts: Any) -> tuple[PlannedOccasion, ...]:
    return desired_plan(design, person(**facts, anchor_zones=anchor_zones(plan.values())))


def keys(rows: Any) -> list[tuple[str, int]]:
    return [getattr(row, "before", row).key for row in rows]


def test_planning_again_changes_nothing() -> None:
    change = replanned(planned(), "2027-02-01 12:00")
    assert not change
    assert sorted(keys(change.keep)) == [("baseline", 1), ("m3", 1)]


def test_t14_a_move_shifts_what_is_to_come_and_leaves_what_has_opened() -> None:
    plan = swept(planned(), utc("2027-02-01 12:00"))
    change = replanned(plan, "2027-02-01 12:00", zone=AUCKLAND)
    assert (keys(change.keep), keys(change.move)) == ([("baseline", 1)], [("m3", 1)])
    (moved,) = change.move
    assert moved.after.opens_at == utc("2027-04-29 21:00")  # 30 April at nine, there
    assert [d.due_at for d in moved.messages.move] == [
        utc("2027-04-29 21:00"),
        utc("2027-05-02 21:00"),
    ]
    after = written(change, plan)
    assert after["baseline", 1] == plan["baseline", 1]
    assert not replanned(after, "2027-02-01 12:00", zone=AUCKLAND)


def test_t15_what_is_due_there_already_opens_now_while_its_window_is_open() -> None:
    now = utc("2027-04-30 02:00")  # 04:00 in Berlin, 14:00 in Auckland
    plan = swept(planned(), utc("2027-02-01 12:00"))
    (moved,) = diff(plan, wanted(plan, zone=AUCKLAND), now).move
    assert moved.after.opens_at == now
    assert moved.after.closes_at == utc("2027-05-13 21:00")
    assert moved.after.local["guards"] == ["opened_late"]
    assert [(m.kind, m.due_at) for m in moved.after.messages] == [
        ("invitation", now),
        ("reminder", utc("2027-05-02 21:00")),
    ]


@pytest.mark.parametrize(
    ("window", "invited", "guards"),
    [
        ({"start_within": "P14D"}, utc("2027-02-02 07:00"), ["opened_late", "quiet_hours"]),
        ({"start_within": "P1D"}, utc("2027-02-02 02:00"), ["opened_late"]),
    ],
)
def test_what_opens_late_in_quiet_hours_writes_after_them_unless_it_closes_first(
    window: dict[str, str], invited: datetime, guards: list[str]
) -> None:
    schedule = {"date": "2027-02-01", "at": "06:00"}
    reminders = ["PT25H", "P3D"]  # the first comes together with the late invitation
    design = protocol(wave("m1", "P0D", schedule=schedule, window=window, reminders=reminders))
    now = utc("2027-02-02 02:00")  # three in the morning
    (late,) = diff({}, desired_plan(design, person()), now, ("22:00", "08:00")).create
    assert (late.opens_at, late.local["guards"][-len(guards) :]) == (now, guards)
    assert late.local["planned_opening"] == "2027-02-01T05:00:00+00:00"
    invitation, *reminded = late.messages
    assert invitation.due_at == invited
    assert all(message.due_at > invited for message in reminded)
    assert [message.nth for message in reminded] == (
        [2] if window["start_within"] == "P14D" else []
    )


def test_t15_what_would_be_over_there_keeps_its_moment() -> None:
    design = protocol(diary())
    now = utc("2027-02-03 02:00")  # 03:00 in Berlin; the morning of 3 February is over in Auckland
    plan = swept(planned(design), now)
    change = diff(plan, wanted(plan, design, zone=AUCKLAND), now)
    assert ("diary", 3) in keys(change.keep)
    assert keys(change.move)[::-1] == [("diary", nth) for nth in range(4, 8)]
    after = written(change, plan)
    assert after["diary", 3].opens_at == utc("2027-02-03 08:00")
    assert after["diary", 4].opens_at == utc("2027-02-03 20:00")
    assert not diff(after, wanted(after, design, zone=AUCKLAND), now)


def test_t15_what_can_keep_neither_its_moment_nor_the_order_is_missed_and_seen() -> None:
    # From 11 hours behind to 14 ahead: the day in between does not exist for this person.
    design = protocol(diary())
    plan = planned(design, zone=WEST)
    now = utc("2027-02-04 18:00")  # the fourth, 07:00 there; the fifth, 08:00 where they live now
    plan = swept(plan, now)
    after = written(diff(plan, wanted(plan, design, zone=EAST), now), plan)
    opens = [after["diary", nth].opens_at for nth in range(1, 8)]
    to_come = [at for at in opens if at and at > now]
    assert to_come == sorted(to_come)
    assert after["diary", 4].state == "planned"
    assert after["diary", 4].is_over(now)
    seen = swept(after, now)["diary", 4]
    assert (seen.state, {m.state for m in seen.messages}) == ("expired", {"missed"})


def test_t16_a_move_west_sends_nothing_again() -> None:
    design = protocol(diary())
    now = utc("2027-02-01 21:00")  # the second, 10:00 in Auckland
    plan = swept(planned(design, zone=AUCKLAND), utc("2027-02-01 20:00"))
    plan = swept(plan, now)
    assert plan["diary", 1].messages[0].state == "sent"
    change = diff(plan, wanted(plan, design, zone=BERLIN), now)
    assert ("diary", 1) in keys(change.keep)
    after = written(change, plan)
    assert after["diary", 1] == plan["diary", 1]
    assert all(not one.messages.create for one in change.move)


def test_a_new_explanation_of_the_same_moment_is_no_shift() -> None:
    (moved, *_) = replanned(planned(), "2027-01-31 15:00", zone="Europe/Paris").move
    assert not moved.is_shift
    assert moved.after.local["zone"] == "Europe/Paris"


def test_an_anchor_set_or_corrected_dates_what_waited_for_it() -> None:
    design = protocol(wave("baseline", "P0D"), diary("therapy_start"), anchors=["therapy_start"])
    plan = planned(design)
    first = {"therapy_start": date(2027, 3, 1)}
    change = replanned(plan, "2027-02-20 12:00", design, anchors=first)
    assert len(change.move) == 7
    assert all(one.is_shift and len(one.messages.create) == 1 for one in change.move)
    plan = written(change, plan)
    second = {"therapy_start": date(2027, 3, 8)}
    change = replanned(plan, "2027-02-20 12:00", design, anchors=second)
    assert len(change.move) == 7
    assert all(not one.messages.create and one.messages.move for one in change.move)


def test_an_anchor_set_late_lets_past_days_be_found_missed() -> None:
    design = protocol(wave("baseline", "P0D"), diary("therapy_start"), anchors=["therapy_start"])
    now = "2027-03-03 12:00"
    change = replanned(planned(design), now, design, anchors={"therapy_start": date(2027, 3, 1)})
    plan = swept(written(change, planned(design)), utc(now))
    states = [plan["diary", nth].state for nth in range(1, 8)]
    assert states == ["expired"] * 2 + ["planned"] * 5


def test_a_wave_taken_out_is_cancelled_and_revived_when_it_comes_back() -> None:
    plan = planned()
    without = protocol(wave("baseline", "P0D"))
    change = replanned(plan, "2027-02-01 12:00", without)
    assert keys(change.cancel) == [("m3", 1)]
    gone = written(change, plan)
    assert {m.state for m in gone["m3", 1].messages} == {"cancelled"}
    assert not replanned(gone, "2027-02-01 12:00", without)
    (back,) = replanned(gone, "2027-03-01 12:00").revive
    assert (back.after.opens_at, len(back.messages.revive)) == (plan["m3", 1].opens_at, 2)
    assert not replanned(gone, "2027-09-01 12:00").revive  # its time has passed without it


@pytest.mark.parametrize("cause", ["withdrawn", "paused"])
def test_what_was_cancelled_for_another_reason_stays_cancelled(cause: str) -> None:
    plan = planned()
    plan["m3", 1] = plan["m3", 1]._replace(state="cancelled", cause=cause)
    assert not replanned(plan, "2027-02-01 12:00")


def test_an_unmet_condition_excludes_and_an_amendment_brings_back() -> None:
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M", only_if="baseline.completed"))
    plan = planned(design)
    unmet = replanned(plan, "2027-03-01 12:00", design, ended={"baseline": False})
    assert keys(unmet.exclude) == [("m3", 1)]
    excluded = written(unmet, plan)
    assert (excluded["m3", 1].cause, excluded["m3", 1].opens_at) == ("branched_out", None)
    assert {m.state for m in excluded["m3", 1].messages} == {"cancelled"}
    (back,) = replanned(excluded, "2027-03-01 12:00", YEAR).revive
    assert len(back.messages.revive) == 2


def test_an_exclusion_follows_the_newest_reason() -> None:
    before = trial(wave("baseline", "P0D"), diary(arms=["care"]))
    after = trial(wave("baseline", "P0D"), diary(share=0.0001))
    plan = planned(before, arm="waitlist")
    change = replanned(plan, "2027-02-01 12:00", after, arm="waitlist")
    assert {one.after.cause for one in change.exclude} == {"planned_missing"}
    assert not replanned(written(change, plan), "2027-02-01 12:00", after, arm="waitlist")


@pytest.mark.parametrize("state", ["open", "started", "completed", "expired"])
@pytest.mark.parametrize("design", [protocol(diary()), protocol(wave("m3", "P5M"))])
def test_nothing_that_has_opened_changes(state: str, design: Any) -> None:
    plan = planned()
    plan["m3", 1] = plan["m3", 1]._replace(state=state)
    change = replanned(plan, "2027-05-01 12:00", design, zone=AUCKLAND)
    assert ("m3", 1) in keys(change.keep)


@pytest.mark.parametrize("state", ["sending", "sent", "unknown", "failed", "missed", "bounced"])
@pytest.mark.parametrize("design", [YEAR, protocol(wave("baseline", "P0D"), wave("m3", "P5M")),
                                    protocol(wave("baseline", "P0D"))])  # fmt: skip
def test_what_somebody_was_written_about_stays(state: str, design: Any) -> None:
    plan = planned()
    invitation, reminder = plan["m3", 1].messages
    taken = invitation._replace(state=state)
    plan["m3", 1] = plan["m3", 1]._replace(messages=(taken, reminder))
    change = replanned(plan, "2027-02-01 12:00", design, zone=AUCKLAND)
    assert ("m3", 1) in keys(change.keep)


def test_what_is_due_but_not_swept_yet_is_left_to_the_sweep() -> None:
    now = utc("2027-04-30 09:00")  # the outage of T21: due for an hour, the sweep was off
    change = diff(planned(), desired_plan(YEAR, person(zone=AUCKLAND)), now)
    assert ("m3", 1) in keys(change.keep)


def test_edited_reminders_follow_by_their_number() -> None:
    plan = planned()
    edited = protocol(wave("baseline", "P0D"), wave("m3", "P3M", reminders=["P4D", "P8D"]))
    (moved,) = replanned(plan, "2027-02-01 12:00", edited).move
    assert [d.due_at - plan["m3", 1].messages[1].due_at for d in moved.messages.move] == [
        timedelta(days=1)
    ]
    assert [(m.kind, m.nth) for m in moved.messages.create] == [("reminder", 2)]
    fewer = protocol(wave("baseline", "P0D"), wave("m3", "P3M", reminders=[]))
    (moved,) = replanned(plan, "2027-02-01 12:00", fewer).move
    assert [m.kind for m in moved.messages.cancel] == ["reminder"]
    assert moved.is_shift


def test_a_completion_dates_the_waves_that_count_from_it() -> None:
    after = wave("after", "P0D", schedule={"anchor": "baseline.completed", "offset": "PT90M"})
    design = protocol(wave("baseline", "P0D"), after)
    now = utc("2027-02-01 10:00")
    plan = completed(swept(planned(design), now), ("baseline", 1), now)
    facts: dict[str, Any] = {"completed": {"baseline": now}, "ended": {"baseline": True}}
    (moved,) = diff(plan, desired_plan(design, person(**facts)), now).move
    assert moved.after.opens_at == utc("2027-02-01 11:30")


def test_a_withdrawal_plans_nothing() -> None:
    facts: PersonFacts = person(withdrawn=True)
    assert desired_plan(YEAR, facts) == ()


@pytest.mark.parametrize(
    "design",
    [protocol(wave("baseline", "P0D")), trial(wave("m3", "P3M", arms=["care"]))],
    ids=["taken out", "left out"],
)
def test_what_closed_before_a_sweep_found_it_is_not_rewritten(design: Any) -> None:
    change = replanned(planned(), "2027-08-01 12:00", design)
    assert ("m3", 1) in keys(change.keep)


def test_what_comes_back_does_not_overtake_the_one_after_it() -> None:
    long = protocol(diary(window={"start_within": "P5D"}))
    plan = swept(planned(long), utc("2027-02-02 12:00"))
    plan["diary", 1] = plan["diary", 1]._replace(state="cancelled", cause="not_in_version")
    assert plan["diary", 2].state == "open"
    assert not replanned(plan, "2027-02-02 12:00", long).revive
