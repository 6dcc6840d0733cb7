"""The plan of one person: what is asked, when, and what is left out and why."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from surveys.design.conditions import Fact
from surveys.scheduling.planned import PlannedOccasion
from surveys.scheduling.planner import Planner
from tests.unit.scheduling.plans import (
    AUCKLAND,
    BERLIN,
    NEW_YORK,
    desired_plan,
    diary,
    person,
    protocol,
    trial,
    utc,
)
from tests.world import wave_document as wave


def test_a_follow_up_opens_at_nine_where_the_person_lives() -> None:
    plan = desired_plan(protocol(wave("baseline", "P0D"), wave("m3", "P3M")), person(zone=AUCKLAND))
    baseline, m3 = plan
    assert (baseline.wave, m3.wave) == ("baseline", "m3")
    assert m3.opens_at == utc("2027-04-30 21:00")  # 1 May, 09:00 in winter time
    assert m3.closes_at == utc("2027-05-14 21:00")
    assert [(m.kind, m.nth, m.due_at) for m in m3.messages] == [
        ("invitation", 1, utc("2027-04-30 21:00")),
        ("reminder", 1, utc("2027-05-03 21:00")),
    ]
    assert m3.local["anchor_day"] == "2027-02-01"  # enrolled on 31 January UTC, in the evening


def test_every_occasion_of_a_repeated_wave_is_there_in_order() -> None:
    plan = desired_plan(protocol(diary()), person())
    assert [occasion.key for occasion in plan] == [("diary", nth) for nth in range(1, 8)]
    opens = [occasion.opens_at for occasion in plan]
    assert all(a and b and a < b for a, b in itertools.pairwise(opens))


def test_other_arms_leave_a_cell_with_its_reason() -> None:
    design = trial(wave("baseline", "P0D"), diary(arms=["care"]))
    assert {o.cause for o in desired_plan(design, person(arm="care"))} == {""}
    left_out = [o for o in desired_plan(design, person(arm="waitlist")) if o.wave == "diary"]
    assert len(left_out) == 7
    assert {(o.cause, o.opens_at, o.messages) for o in left_out} == {("not_in_arm", None, ())}


def test_a_share_is_drawn_by_seed_and_person_and_near_its_size() -> None:
    design = protocol(diary(share=0.3))

    def asked(seed: str) -> list[str]:
        codes = [f"P{n:04}" for n in range(2000)]
        return [c for c in codes if not desired_plan(design, person(code=c, seed=seed))[0].cause]

    assert 0.26 < len(asked("one")) / 2000 < 0.34
    assert asked("one") == asked("one") != asked("two")
    causes = {o.cause for n in range(9) for o in desired_plan(design, person(code=str(n)))}
    assert causes == {"", "planned_missing"}


@pytest.mark.parametrize(("ended", "cause"), [(None, ""), (True, ""), (False, "branched_out")])
def test_a_condition_excludes_only_when_it_is_finally_unmet(ended: bool | None, cause: str) -> None:
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M", only_if="baseline.completed"))
    plan = desired_plan(design, person(ended={"baseline": ended}))
    assert [o.cause for o in plan] == ["", cause]


def test_who_is_not_asked_will_not_have_completed() -> None:
    design = trial(
        wave("baseline", "P0D", arms=["care"]), wave("m3", "P3M", only_if="baseline.completed")
    )
    assert [o.cause for o in desired_plan(design, person(arm="waitlist"))] == [
        "not_in_arm",
        "branched_out",
    ]


def test_a_date_that_is_not_known_yet_leaves_the_occasion_waiting() -> None:
    design = protocol(
        wave("baseline", "P0D"),
        diary("therapy_start"),
        wave("after", "P0D", schedule={"anchor": "baseline.completed", "offset": "P7D"}),
        anchors=["therapy_start"],
    )
    waiting = desired_plan(design, person())[1:]
    assert {(o.cause, o.opens_at, o.closes_at, o.messages) for o in waiting} == {
        ("", None, None, ())
    }
    facts = person(
        anchors={"therapy_start": date(2027, 3, 1)},
        completed={"baseline": utc("2027-02-03 17:00")},
    )
    plan = {o.key: o for o in desired_plan(design, facts)}
    assert plan["diary", 1].opens_at == utc("2027-03-02 08:00")
    assert plan["after", 1].opens_at == utc("2027-02-10 17:00")  # keeps the time of day


def test_what_a_participant_starts_is_not_planned_and_nobody_who_withdrew_is() -> None:
    design = protocol(wave("own", "P0D", schedule={"event": "participant"}), diary())
    assert {o.wave for o in desired_plan(design, person())} == {"diary"}
    assert desired_plan(design, person(withdrawn=True)) == ()


def test_random_prompts_are_the_persons_own_and_stay_the_same() -> None:
    schedule = {
        "anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 5,
        "random_between": ["10:00", "21:00"], "per_day": 3, "min_gap": "PT2H",
    }  # fmt: skip
    design = protocol(diary(schedule=schedule))
    plan = desired_plan(design, person())
    assert plan == desired_plan(design, person())
    assert plan != desired_plan(design, person(code="BBBB-0002"))
    for one, two in itertools.pairwise(o.opens_at for o in plan):
        assert one
        assert two
        assert two - one >= timedelta(hours=2)
    hours = [o.opens_at.astimezone(ZoneInfo(BERLIN)).hour for o in plan if o.opens_at]
    assert len(hours) == 15
    assert all(10 <= hour <= 21 for hour in hours)


def test_the_invitation_waits_for_the_end_of_quiet_hours_but_not_past_the_close() -> None:
    at_night = {"anchor": "enrollment", "offset": "P1D", "at": "23:00"}
    long = wave("long", "P1D", schedule=at_night, reminders=["P1D"])
    short = diary(schedule=at_night)
    night = ("22:00", "08:00")
    plan = desired_plan(protocol(long, quiet_hours=night), person())[0]
    assert [m.due_at for m in plan.messages] == [utc("2027-02-02 07:00"), utc("2027-02-03 07:00")]
    assert plan.opens_at == utc("2027-02-01 22:00")
    assert plan.local["guards"] == ["quiet_hours"]
    plan = desired_plan(protocol(short, quiet_hours=night), person())[0]
    assert [m.due_at for m in plan.messages] == [plan.opens_at]
    assert plan.local["guards"] == ["quiet_hours_too_long"]


def test_reminders_past_the_close_or_together_with_another_are_not_planned() -> None:
    reminders = ["PT1H", "PT2H", "P3D", "P14D", "P20D"]
    quiet = protocol(
        wave("baseline", "P0D", schedule={"anchor": "enrollment", "offset": "P1D", "at": "23:00"})
        | {"reminders": reminders},
        quiet_hours=("22:00", "08:00"),
    )
    (plan,) = desired_plan(quiet, person())
    assert [(m.kind, m.nth) for m in plan.messages] == [("invitation", 1), ("reminder", 3)]
    assert plan.local["guards"] == [
        "quiet_hours",
        "reminder_1_not_later",
        "reminder_2_not_later",
        "reminder_4_after_close",
        "reminder_5_after_close",
    ]


def test_t26_waves_that_collide_keep_the_protocols_order_and_a_gap() -> None:
    # One month after 31 January is 28 February, and so are 28 days; the third wave joins them.
    design = protocol(
        wave("first", "P1M"),
        wave("second", "P28D"),
        wave("third", "P0D", schedule={"date": "2027-02-28", "at": "09:00"}),
    )
    plan = desired_plan(design, person())
    assert {o.opens_at for o in plan} == {utc("2027-02-28 08:00")}
    invitations = [o.messages[0].due_at for o in plan]
    assert invitations == [utc(f"2027-02-28 {at}") for at in ("08:00", "08:30", "09:00")]
    every = [m.due_at for o in plan for m in o.messages]
    assert len(set(every)) == len(every) == 6
    assert [o.local.get("guards") for o in plan] == [None, ["apart"], ["apart"]]


def test_who_moves_keeps_the_day_from_which_waves_are_counted() -> None:
    design = protocol(wave("m3", "P3M"), wave("m6", "P6M", schedule={
        "anchor": "enrollment", "offset": "P6M"}))  # fmt: skip
    late = person(enrolled_at=utc("2027-01-31 23:30"))  # 1 February in Berlin
    moved = person(enrolled_at=late.enrolled_at, zone=NEW_YORK, anchor_zones={"enrollment": BERLIN})
    assert [o.local["day"] for o in desired_plan(design, late)] == ["2027-05-01", "2027-08-01"]
    m3, m6 = desired_plan(design, moved)
    assert (m3.local["day"], m3.opens_at) == ("2027-05-01", utc("2027-05-01 13:00"))
    # Without a time of its own a wave keeps the enrolment's: half past midnight, now in New York.
    assert (m6.local["at"], m6.opens_at) == ("00:30", utc("2027-08-01 04:30"))
    assert m3.local["anchor_zone"] == BERLIN
    assert "anchor_zone" not in desired_plan(design, late)[0].local


def test_a_time_that_the_clock_change_skips_is_marked() -> None:
    design = protocol(wave("night", "P0D", schedule={"date": "2027-03-28", "at": "02:30"}), diary())
    plan = desired_plan(design, person())
    assert plan[0].opens_at == utc("2027-03-28 01:30")
    assert plan[0].local["guards"] == ["clock_change"]


def test_one_planner_for_many_people_plans_each_like_alone() -> None:
    design = protocol(wave("baseline", "P0D"), diary(), quiet_hours=("22:00", "08:00"))
    people = [
        person(
            code=f"P{n}", zone=zone, enrolled_at=utc("2027-01-31 10:00") + timedelta(hours=7 * n)
        )
        for n in range(8)
        for zone in (BERLIN, AUCKLAND, NEW_YORK)
    ]
    planner = Planner(design)
    assert [planner.plan(p) for p in people] == [desired_plan(design, p) for p in people]


def test_what_had_closed_before_the_enrolment_is_not_asked() -> None:
    early = wave("early", "P0D", schedule={"date": "2027-01-10", "at": "18:00"})
    running = wave("running", "P0D", schedule={"date": "2027-01-20", "at": "18:00"})
    design = protocol(early, running, wave("m3", "P3M", only_if="early.completed"))
    plan = {o.wave: o for o in desired_plan(design, person())}
    assert [(o.cause, o.opens_at is None) for o in plan.values()] == [
        ("branched_out", True),
        ("", False),
        ("branched_out", True),  # decided at once: who was not there did not complete it
    ]
    assert plan["early"].messages == ()
    there = desired_plan(design, person(enrolled_at=utc("2027-01-24 16:59")))[0]
    assert (there.cause, there.closes_at) == ("", utc("2027-01-24 17:00"))


FORMS = [
    {"code": "A"},
    {"code": "B", "without": {"waves": ["m3"]}},
    {"code": "C", "without": {"items": {"calm@1": ["calm1"]}}},
]


@pytest.mark.parametrize(("form", "causes"), [("A", ["", ""]), ("B", ["", "planned_missing"])])
def test_a_form_leaves_out_waves_and_is_kept_with_each_occasion(
    form: str, causes: list[str]
) -> None:
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M"), forms=FORMS)
    plan = desired_plan(design, person(form=form))
    assert [occasion.cause for occasion in plan] == causes
    assert [occasion.local["form"] for occasion in plan] == [form, form]


@pytest.mark.parametrize("form", ["", "gone"])
def test_without_a_form_of_this_protocol_everything_is_asked(form: str) -> None:
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M"), forms=FORMS)
    for occasion in desired_plan(design, person(form=form)):
        assert (occasion.cause, "form" in occasion.local) == ("", False)


SCORE = Fact("baseline", "scores", "calm", "calm")


@pytest.mark.parametrize(
    ("ended", "results", "cause"),
    [
        (None, {}, ""),
        (None, {SCORE: 0.0}, ""),
        (True, {SCORE: 2.0}, ""),
        (True, {SCORE: 0.5}, "branched_out"),
        (True, {}, "branched_out"),
        (False, {}, "branched_out"),
    ],
)
def test_a_score_of_an_earlier_wave_decides_once_that_wave_is_over(
    ended: bool | None, results: dict[Fact, float], cause: str
) -> None:
    only_if = 'baseline.scores["calm"].calm >= 1'
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M", only_if=only_if))
    plan = desired_plan(design, person(ended={"baseline": ended}, results=results))
    assert [occasion.cause for occasion in plan] == ["", cause]
    assert Planner(design).results_needed == {SCORE}


@pytest.mark.parametrize(
    "later",
    [
        wave("late", "P6M"),
        wave("late", "P6M", only_if="baseline.completed"),
        wave("late", "P6M", schedule={"anchor": "m3.completed", "offset": "P7D"}),
        diary(only_if='m3.scores["calm"].calm > 1.0'),
    ],
)
def test_a_completion_changes_a_plan_only_where_a_wave_hangs_on_it(later: dict[str, Any]) -> None:
    design = protocol(wave("baseline", "P0D"), wave("m3", "P3M"), later, messages_per_day=1)
    score = Fact("m3", "scores", "calm", "calm")

    def plans(of: str) -> list[tuple[PlannedOccasion, ...]]:
        """Before, when it was completed, and when it was not."""
        done = {"completed": {of: utc("2027-05-02 10:00")}, "results": {score: 2.0}}
        return [
            desired_plan(design, person()),
            desired_plan(design, person(ended={of: True}, **done)),
            desired_plan(design, person(ended={of: False})),
        ]

    for one in design.waves:
        before, *after = plans(one.code)
        assert any(plan != before for plan in after) == design.hangs_on(one.code), one.code
