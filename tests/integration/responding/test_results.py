"""Answers and scores of earlier waves, as conditions read them: in bulk, computed, last completed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.conditions import Fact
from surveys.participants.models import Participant
from surveys.responding.results import results_of
from surveys.scheduling.actions import PlanCounts, open_due, replan
from surveys.scheduling.facts import ResultsNotAtHand
from surveys.scheduling.models import Occasion
from tests.integration.analytics.study import about_you, add_instrument, begun, submit
from tests.world import DAY, NOW, make_occasion, make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
SCORE = Fact("baseline", "scores", "calm", "calm")
FIRST_ITEM = Fact("baseline", "answers", "calm", "calm1")
HOURS, OFTEN, NOTE = (
    Fact("baseline", "answers", "about-you", item) for item in ("hours", "often", "note")
)
ONLY_IF = 'baseline.scores["calm"].calm >= 1.5'
WAVES = [
    wave_document("baseline", "P0D", instruments=["calm@1", "about-you@1"]),
    wave_document("m3", "P3M", only_if=ONLY_IF),
]
HIGH, LOW = {"calm1": 2, "calm2": 2, "calm3": 0}, {"calm1": 0, "calm2": 0, "calm3": 2}


def a_person(code: str = "AAAA-0001", **changes: Any) -> Participant:
    add_instrument(about_you())
    return make_participant(make_study(waves=WAVES), code, **changes)


def another(code: str, person: Participant) -> Participant:
    return make_participant(person.study, code)


def test_answers_and_scores_of_a_completed_wave() -> None:
    person = a_person()
    baseline = begun(person, "baseline", "completed")
    submit(baseline, "calm", {"calm1": 2, "calm2": None, "calm3": 1})
    submit(baseline, "about-you", {"hours": 7.5, "often": 99, "note": "fine"})
    needed = {SCORE, FIRST_ITEM, HOURS, OFTEN, NOTE, Fact("baseline", "answers", "calm", "calm2")}
    # 99 is "rather not" and calm2 was skipped: both are missing.
    assert results_of([person.pk], needed) == {
        person.pk: {SCORE: 1.5, FIRST_ITEM: 2.0, HOURS: 7.5, NOTE: "fine"}
    }


@pytest.mark.parametrize("state", ["started", "expired", "cancelled"])
def test_what_was_not_handed_in_to_the_end_counts_nowhere(state: str) -> None:
    person = a_person()
    changes = {"cause": "withdrawn"} if state == "cancelled" else {}
    submit(begun(person, "baseline", state, **changes), "calm", HIGH)
    assert results_of([person.pk], {SCORE}) == {}


def test_of_a_repeated_wave_the_occasion_that_was_completed_last_counts() -> None:
    person = a_person()
    for nth, answers, hours in ((1, LOW, 1), (2, HIGH, 3), (3, LOW, 2)):
        ended = NOW + timedelta(hours=hours)
        submit(begun(person, "baseline", "completed", nth=nth, ended_at=ended), "calm", answers)
    submit(begun(person, "baseline", "expired", nth=4), "calm", {**LOW, "calm1": 1})
    assert results_of([person.pk], {SCORE}) == {person.pk: {SCORE: 2.0}}


def test_too_few_answers_give_no_score() -> None:
    person = a_person()
    submit(begun(person, "baseline", "completed"), "calm", {**dict.fromkeys(HIGH), "calm1": 2})
    assert results_of([person.pk], {SCORE, FIRST_ITEM}) == {person.pk: {FIRST_ITEM: 2.0}}


def test_many_people_cost_as_many_queries_as_one() -> None:
    person = a_person()
    people = [person, *(another(f"B{n}", person) for n in range(20))]
    for one in people:
        submit(begun(one, "baseline", "completed"), "calm", HIGH)
    results_of([person.pk], {SCORE})
    with CaptureQueriesContext(connection) as queries:
        found = results_of([one.pk for one in people], {SCORE, FIRST_ITEM})
    assert len(queries) == 1
    assert found == {one.pk: {SCORE: 2.0, FIRST_ITEM: 2.0} for one in people}


def planned_m3(person: Participant, **changes: Any) -> Occasion:
    return make_occasion(person, "m3", state="planned", **changes)


def state_of(occasion: Occasion) -> tuple[str, str]:
    occasion.refresh_from_db()
    return occasion.state, occasion.cause


@pytest.mark.parametrize(
    ("answers", "expected"), [(HIGH, ("open", "")), (LOW, ("excluded", "branched_out"))]
)
def test_a_sweep_opens_by_the_score(answers: dict[str, int], expected: tuple[str, str]) -> None:
    person = a_person()
    submit(begun(person, "baseline", "completed"), "calm", answers)
    m3 = planned_m3(person)
    pipeline.sweep(now=NOW)
    assert state_of(m3) == expected
    pipeline.sweep(now=NOW)
    assert state_of(m3) == expected


def test_while_the_wave_runs_the_condition_is_open() -> None:
    person = a_person()
    submit(begun(person, "baseline", "started"), "calm", HIGH, final=False)
    m3 = planned_m3(person)
    pipeline.sweep(now=NOW)
    assert state_of(m3) == ("planned", "")


def test_replanning_follows_the_score_and_twice_is_once() -> None:
    person = a_person(enrolled_at=NOW)
    replan([person], by=BY, now=NOW, results=results_of)
    baseline = Occasion.objects.get(wave="baseline")
    Occasion.objects.filter(pk=baseline.pk).update(state="completed", started_at=NOW, ended_at=NOW)
    submit(baseline, "calm", LOW)
    first = replan([person], by=BY, now=NOW + DAY, results=results_of)
    assert (first.excluded, state_of(Occasion.objects.get(wave="m3"))) == (
        1, ("excluded", "branched_out"),
    )  # fmt: skip
    again = replan([person], by=BY, now=NOW + DAY, results=results_of)
    assert again == PlanCounts(kept=2)


def test_what_has_opened_stays_open_whatever_becomes_of_the_answers() -> None:
    person = a_person(enrolled_at=NOW)
    replan([person], by=BY, now=NOW, results=results_of)
    baseline = Occasion.objects.get(wave="baseline")
    Occasion.objects.filter(pk=baseline.pk).update(state="completed", started_at=NOW, ended_at=NOW)
    draft = submit(baseline, "calm", HIGH, final=False)
    later = NOW + 93 * DAY
    pipeline.sweep(now=later)
    assert state_of(Occasion.objects.get(wave="m3")) == ("open", "")
    draft.answers = LOW
    draft.save()
    pipeline.sweep(now=later)
    replan([person], by=BY, now=later, results=results_of)
    assert state_of(Occasion.objects.get(wave="m3")) == ("open", "")


def test_nobody_decides_by_results_without_a_reader() -> None:
    person = a_person()
    with pytest.raises(ResultsNotAtHand, match=r"baseline\.scores"):
        replan([person], by=BY, now=NOW)
    planned_m3(person)
    assert open_due(now=NOW) == 0  # the row is left alone, and said to be unusable


def test_without_such_conditions_nothing_is_read() -> None:
    person = make_participant(make_study())

    def never(*_: object) -> Any:
        raise AssertionError("nobody asked for results")

    replan([person], by=BY, now=NOW, results=never)
    open_due(now=NOW, results=never)
