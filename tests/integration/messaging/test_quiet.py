"""Quiet hours hold when a letter goes out, not only when it is planned."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from surveys.messaging import claims
from surveys.participants.models import Participant
from surveys.scheduling.models import Message
from tests import world

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
EVENING = datetime(2027, 3, 1, 20, 55, tzinfo=BERLIN)
NIGHT = EVENING + 2 * HOUR
MORNING = datetime(2027, 3, 2, 8, 0, tzinfo=BERLIN)


@pytest.fixture
def person() -> Participant:
    """Somebody in Berlin whose study is silent from nine to eight."""
    return world.make_participant(world.make_study(quiet_hours=["21:00", "08:00"]))


def evening_message(person: Participant, *, closes_at: datetime = MORNING + 24 * HOUR) -> Message:
    occasion = world.make_occasion(person, opens_at=EVENING, closes_at=closes_at)
    return world.make_message(occasion, due_at=EVENING)


def n_sent(now: datetime) -> int:
    return len(claims.claim(now=now, limit=50, cap=6).letters)


def test_what_an_outage_kept_until_the_night_goes_out_in_the_morning(person: Participant) -> None:
    message = evening_message(person)
    taken = claims.claim(now=NIGHT, limit=50, cap=6)
    assert (taken.letters, taken.is_empty) == ((), False)
    message.refresh_from_db()
    assert (message.state, message.due_at, message.n_attempts) == ("due", MORNING, 0)
    assert claims.n_ready(now=MORNING - timedelta(seconds=1)) == 0
    assert n_sent(MORNING) == 1


def test_in_the_evening_it_goes_out_at_once(person: Participant) -> None:
    evening_message(person)
    assert n_sent(EVENING) == 1


@pytest.mark.parametrize(("closes_at", "n"), [(MORNING, 1), (MORNING + HOUR, 0)])
def test_a_window_that_closes_before_the_morning_does_not_wait(
    person: Participant, closes_at: datetime, n: int
) -> None:
    evening_message(person, closes_at=closes_at)
    assert n_sent(NIGHT) == n


def test_the_hours_are_those_of_the_persons_own_zone(person: Participant) -> None:
    Participant.objects.update(timezone="America/New_York")
    evening_message(person)
    assert n_sent(NIGHT) == 1


def test_a_zone_that_does_not_exist_stops_nobody_else(person: Participant) -> None:
    evening_message(person)
    evening_message(world.make_participant(person.study, "AAAA-0002", timezone="Mars/Olympus"))
    taken = claims.claim(now=NIGHT, limit=50, cap=6)
    assert [letter.timezone for letter in taken.letters] == ["Mars/Olympus"]


def test_a_reminder_keeps_its_distance_from_an_invitation_that_was_put_off(
    person: Participant,
) -> None:
    invitation = evening_message(person)
    world.make_message(invitation.occasion, "reminder", due_at=MORNING)
    n_sent(NIGHT)
    Message.objects.filter(pk=invitation.pk).update(state="sent", sent_at=MORNING, due_at=MORNING)
    assert n_sent(MORNING + 5 * HOUR) == 0  # half of eleven hours
    assert n_sent(MORNING + 6 * HOUR) == 1
