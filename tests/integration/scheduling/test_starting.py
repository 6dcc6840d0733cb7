"""Waves that participants start themselves: opened at once, as often as allowed, kept by replans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.participants.models import Participant
from surveys.scheduling.actions import (
    CannotStart,
    NoSuchWave,
    NotEnrolled,
    StartedTooOften,
    StartedTooSoon,
    StudyPaused,
    close_due,
    replan,
)
from surveys.scheduling.models import Message, Occasion
from tests.world import DAY, make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.participant("AAAA-0001")
NOW = datetime(2027, 3, 1, 20, 0, tzinfo=UTC)  # nine in the evening in Berlin
HOUR = timedelta(hours=1)


def panic(**changes: Any) -> dict[str, Any]:
    schedule = {"event": "participant", "times": 2, "min_gap": "PT6H"}
    window = {"start_within": "PT3H"}
    return wave_document("panic", "P0D", schedule=schedule, window=window, reminders=[]) | changes


def a_person(*waves: dict[str, Any], **changes: Any) -> Participant:
    waves = waves or (wave_document("baseline", "P0D"), panic())
    person = make_participant(make_study(waves=list(waves), **changes), enrolled_at=NOW - DAY)
    replan([person], by=BY, now=NOW - DAY)
    return person


def start(person: Participant, now: datetime = NOW, wave: str = "panic") -> Occasion:
    return pipeline.start_wave(participant=person, wave=wave, by=BY, now=now)


def test_a_start_opens_an_occasion_at_once_without_an_invitation() -> None:
    row = start(a_person())
    assert (row.nth, row.state, row.opens_at, row.closes_at) == (1, "open", NOW, NOW + 3 * HOUR)
    assert not Message.objects.filter(occasion=row).exists()
    (event,) = Event.objects.filter(event="wave.started")
    assert (event.subject, event.data) == ("AAAA-0001", {"wave": "panic", "nth": 1})


def test_pressing_twice_gives_the_unfinished_one_and_no_second_event() -> None:
    person = a_person()
    first = start(person)
    assert start(person, NOW + HOUR).pk == first.pk
    assert Event.objects.filter(event="wave.started").count() == 1


def test_it_can_be_started_again_after_the_gap_and_not_too_often() -> None:
    person = a_person()
    start(person)
    with pytest.raises(StartedTooSoon) as refused:
        start(person, NOW + 5 * HOUR)
    assert refused.value.again_at == NOW + 6 * HOUR
    second = start(person, NOW + 6 * HOUR)
    assert (second.nth, second.opens_at) == (2, NOW + 6 * HOUR)
    with pytest.raises(StartedTooOften):
        start(person, NOW + DAY)
    assert Occasion.objects.filter(wave="panic").count() == 2


def test_without_times_it_can_be_started_once() -> None:
    person = a_person(panic(schedule={"event": "participant"}))
    start(person)
    with pytest.raises(StartedTooOften):
        start(person, NOW + 30 * DAY)


@pytest.mark.parametrize("wave", ["baseline", "nothing"])
def test_only_the_protocols_waves_of_this_kind_can_be_started(wave: str) -> None:
    with pytest.raises(NoSuchWave):
        start(a_person(), wave=wave)


def test_a_condition_and_a_draw_hold_for_starts_too() -> None:
    person = a_person(wave_document("baseline", "P0D"), panic(only_if="baseline.completed"))
    with pytest.raises(NoSuchWave):
        start(person)
    done = {"state": "completed", "started_at": NOW, "ended_at": NOW}
    Occasion.objects.filter(wave="baseline").update(**done)
    assert start(person).state == "open"
    other = make_participant(
        make_study("other", waves=[panic(share=0.0001)]), "AAAA-0002", enrolled_at=NOW
    )
    with pytest.raises(NoSuchWave):
        start(other)


def test_who_has_withdrawn_or_whose_study_pauses_starts_nothing() -> None:
    person = a_person()
    Study.objects.update(is_paused=True)
    with pytest.raises(StudyPaused):
        start(person)
    Study.objects.update(is_paused=False)
    pipeline.withdraw(participant=person, scope="keep_data", reason="", by=BY, now=NOW)
    with pytest.raises(NotEnrolled):
        start(person)
    assert issubclass(NotEnrolled, CannotStart)


def test_reminders_come_if_the_wave_has_some_and_not_at_night() -> None:
    long = {"reminders": ["PT2H", "P1D"], "window": {"start_within": "P3D"}}
    row = start(a_person(panic(**long), quiet_hours=("22:00", "08:00")))
    rows = row.messages.order_by("due_at").values_list("kind", "nth", "due_at")
    morning = datetime(2027, 3, 2, 7, 0, tzinfo=UTC)
    assert list(rows) == [("reminder", 1, morning), ("reminder", 2, NOW + DAY)]


def test_a_replan_keeps_what_was_started_and_a_sweep_ends_it() -> None:
    person = a_person()
    row = start(person)
    replan([person], by=BY, now=NOW + HOUR)
    row.refresh_from_db()
    assert row.state == "open"
    close_due(now=NOW + 3 * HOUR)
    row.refresh_from_db()
    assert row.state == "expired"
