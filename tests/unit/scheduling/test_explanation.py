"""Why this moment: every sentence says something true that a researcher can act on."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from surveys.scheduling.explanation import CAUSES, explain
from surveys.scheduling.planned import PlannedOccasion
from surveys.scheduling.planner import Planner
from surveys.scheduling.postponing import Postponement, untold
from surveys.scheduling.states import Cause
from tests.unit.scheduling.plans import AUCKLAND, BERLIN, desired_plan, diary, person, protocol, utc
from tests.world import wave_document as wave


def told(planned: PlannedOccasion, state: str = "planned", zone: str = BERLIN) -> list[str]:
    _, _, cause, opens_at, closes_at, local, _ = planned
    return explain(
        state=state, cause=cause, opens_at=opens_at, closes_at=closes_at, local=local, zone=zone
    )


def test_a_planned_occasion_tells_rule_facts_zone_and_guards() -> None:
    at_night = {"anchor": "enrollment", "offset": "P3M", "at": "23:00"}
    design = protocol(
        wave("m3", "P3M", schedule=at_night, reminders=["PT2H", "P30D"]),
        quiet_hours=("22:00", "08:00"),
    )
    assert told(desired_plan(design, person())[0]) == [
        "The rule is enrollment + P3M at 23:00; that is 2027-04-30 at 23:00 in Europe/Berlin.",
        "It counts from the enrolment on 2027-01-31.",
        "It opens on 2027-04-30 at 23:00 in Europe/Berlin (21:00 UTC) and closes on 2027-05-14 at"
        " 23:00 in Europe/Berlin (21:00 UTC).",
        "The invitation waits until the quiet hours are over.",
        "Reminder 1 would come together with the message before it and is not planned.",
        "Reminder 2 would come after the close and is not planned.",
    ]


def test_somebody_who_moved_is_told_apart_from_the_moment() -> None:
    (planned, *_) = desired_plan(protocol(diary()), person())
    sentences = told(planned, "open", AUCKLAND)
    assert (
        "The participant lives in Pacific/Auckland now; this moment was fixed before." in sentences
    )
    assert any(sentence.startswith("It opened on") for sentence in sentences)
    facts = person(zone=AUCKLAND, anchor_zones={"enrollment": BERLIN})
    (planned, *_) = desired_plan(protocol(diary()), facts)
    assert "It counts from the enrolment on 2027-01-31, as read in Europe/Berlin." in told(
        planned, zone=AUCKLAND
    )


@pytest.mark.parametrize(
    ("changes", "facts", "expected"),
    [
        ({"share": 0.0001}, {}, "The wave asks 0% of the participants, drawn by lot."),
        (
            {"only_if": "baseline.completed"},
            {"ended": {"baseline": False}},
            "The wave is asked only if baseline.completed.",
        ),
        (
            {"schedule": {"anchor": "baseline.completed", "offset": "P1D"}},
            {},
            "Its date is not known yet: the completion of baseline is missing.",
        ),
        (
            {"schedule": {"anchor": "therapy_start", "offset": "P1D"}},
            {},
            "Its date is not known yet: the date 'therapy_start' is missing.",
        ),
    ],
)
def test_what_is_not_asked_or_not_dated_says_why(
    changes: dict[str, Any], facts: dict[str, Any], expected: str
) -> None:
    design = protocol(wave("baseline", "P0D"), diary(**changes), anchors=["therapy_start"])
    assert expected in told(desired_plan(design, person(**facts))[1], "excluded")


def test_every_cause_has_its_sentence() -> None:
    assert set(CAUSES) == set(Cause)
    for cause in Cause:
        assert explain(
            state="cancelled", cause=cause, opens_at=None, closes_at=None, local={}, zone=BERLIN
        ) == [CAUSES[cause]]


def test_an_occasion_opened_late_says_so() -> None:
    local = {
        "day": "2027-02-01",
        "at": "09:00",
        "zone": BERLIN,
        "rule": "r",
        "guards": ["opened_late"],
    }
    sentences = explain(
        state="open", cause="", opens_at=utc("2027-02-01 10:00"), closes_at=utc("2027-02-02 08:00"),
        local=local, zone=BERLIN,
    )  # fmt: skip
    assert sentences[-1].endswith("so it opened at once.")


def test_what_had_closed_before_the_enrolment_says_so_and_no_other_reason() -> None:
    early = wave("early", "P0D", schedule={"date": "2027-01-10", "at": "18:00"})
    assert told(desired_plan(protocol(early), person())[0], "excluded") == [
        "The rule is 2027-01-10 at 18:00; that is 2027-01-10 at 18:00 in Europe/Berlin.",
        "It is not asked because it had closed before the participant enrolled.",
    ]


SHORT_DIARY = diary(schedule={"anchor": "enrollment", "offset": "P1D", "at": "09:00"})


def test_a_pause_says_what_waits_and_what_does_not_open() -> None:
    long = wave("m1", "P1D", reminders=["P3D"])
    plan = desired_plan(protocol(SHORT_DIARY, long), person(paused_until=date(2027, 2, 6)))
    assert told(plan[0])[-1] == (
        "The participant pauses until 2027-02-06 and its window closes before, so it does not open."
    )
    assert told(plan[1])[-2:] == [
        "The participant pauses until 2027-02-06, so what was due before waits until then.",
        "Reminder 1 would come too late after that and is not sent.",
    ]


def test_a_snooze_says_until_when() -> None:
    wait = Postponement(BERLIN, snoozed_until=utc("2027-02-05 17:00"))
    dues = {("invitation", 1): utc("2027-02-01 08:00"), ("reminder", 1): utc("2027-02-03 08:00")}
    (planned,) = desired_plan(protocol(wave("m1", "P1D")), person())
    wanted = wait.put_off(dues, utc("2027-02-05 17:00"))
    told_of = planned._replace(local=wait.told_in(planned.local, dues, wanted))
    assert told(told_of, "open")[-3:] == [
        "The participant asked not to be written to before 2027-02-05 at 18:00 in "
        "Europe/Berlin (17:00 UTC).",
        "The invitation would come too late after that and is not sent.",
        "Reminder 1 would come too late after that and is not sent.",
    ]
    assert untold(told_of.local) == planned.local


def test_an_own_time_a_rule_and_a_start_of_their_own_say_so() -> None:
    monday = {"anchor": "enrollment", "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=2", "at": "18:00"}
    design = protocol(wave("weekly", "P0D", schedule=monday | {"own_time": True}))
    sentences = told(desired_plan(design, person(time_of_day=time(7, 15)))[0])
    assert sentences[:2] == [
        "The rule is enrollment by FREQ=WEEKLY;BYDAY=MO;COUNT=2 at 18:00; that is 2027-02-01 at "
        "07:15 in Europe/Berlin.",
        "The time of day is the participant's own, not the rule's.",
    ]
    own = protocol(wave("panic", "P0D", schedule={"event": "participant"}, reminders=[]))
    started = Planner(own).started(own.by_code["panic"], 1, utc("2027-03-01 20:00"), BERLIN, "")
    assert told(started, "open")[0] == (
        "The participant started it on 2027-03-01 at 21:00 in Europe/Berlin."
    )
