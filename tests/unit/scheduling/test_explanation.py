"""Why this moment: every sentence says something true that a researcher can act on."""

from __future__ import annotations

from typing import Any

import pytest

from surveys.scheduling.explanation import CAUSES, explain
from surveys.scheduling.planner import PlannedOccasion
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
