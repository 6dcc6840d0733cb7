"""Fewer reminders as rows: what is cancelled at once, comes back, is explained and handed out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.messaging.explaining import of_messages
from surveys.participants.actions import HasWithdrawn, UnknownReminders
from surveys.participants.models import Participant
from surveys.scheduling.actions import reconcile_now, replan
from surveys.scheduling.models import Message, Occasion
from tests.world import make_participant, make_person, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
WAVES = [
    wave_document("baseline", "P0D", reminders=["P2D", "P4D"]),
    wave_document("m1", "P20D", reminders=["P2D", "P4D"]),
]
SENT_BY = START + timedelta(days=3)  # the invitation and one reminder are out


def a_person(**changes: Any) -> Participant:
    person = make_participant(make_study(waves=WAVES), enrolled_at=START, **changes)
    replan([person], by=BY, now=START)
    return person


def under_way() -> Participant:
    """Somebody whose first questionnaire is open, and of whose reminders one went out."""
    person = a_person()
    row = Occasion.objects.get(wave="baseline")
    row.state = "open"
    row.save(update_fields=["state"])
    row.messages.filter(due_at__lte=SENT_BY).update(state="sent", sent_at=SENT_BY)
    return person


def states(wave: str) -> list[str]:
    rows = Message.objects.filter(occasion__wave=wave).order_by("kind", "nth")
    return [f"{row.state} {row.why_not}".strip() for row in rows]


def want(person: Participant, wanted: str, now: datetime = SENT_BY) -> None:
    pipeline.set_reminders(participant=person, wanted=wanted, by=BY, now=now)


NOT = "cancelled fewer_reminders"


@pytest.mark.parametrize(
    ("wanted", "baseline", "m1"),
    [
        ("one", ["sent", "sent", NOT], ["due", "due", NOT]),
        ("none", ["sent", "sent", NOT], ["due", NOT, NOT]),
    ],
)
def test_a_wish_holds_at_once_and_its_end_brings_all_back(
    wanted: str, baseline: list[str], m1: list[str]
) -> None:
    person = under_way()
    before = states("baseline"), states("m1")
    want(person, wanted)
    assert (states("baseline"), states("m1")) == (baseline, m1)
    want(person, "all")
    assert (states("baseline"), states("m1")) == before
    events = Event.objects.filter(event="reminders.set").order_by("pk")
    assert [event.data for event in events] == [
        {"before": "all", "after": wanted}, {"before": wanted, "after": "all"},
    ]  # fmt: skip


def test_who_enrols_again_into_a_plan_keeps_the_wish() -> None:
    person = a_person(reminders="none")
    assert states("m1") == ["due", NOT, NOT]
    assert replan([person], by=BY, now=START).changes == {}


def test_the_hourly_check_finds_nothing_to_repair() -> None:
    person = under_way()
    want(person, "one")
    check = reconcile_now(person.study, by=BY, now=SENT_BY, repair=True)
    assert (check.n_people, check.n_drifted) == (1, 0)


def test_wanting_mails_again_does_not_bring_unwanted_reminders_back() -> None:
    person = under_way()
    pipeline.unsubscribe(participant=person, by=BY, now=SENT_BY)
    want(person, "none")
    pipeline.resubscribe(participant=person, by=BY, now=SENT_BY)
    assert states("m1") == ["due", NOT, NOT]
    assert "due" not in states("baseline")


def test_an_address_that_works_again_gets_no_unwanted_reminder() -> None:
    person = make_person(make_study(waves=WAVES), enrolled_at=START, reminders="none")
    replan([person], by=BY, now=START)
    Occasion.objects.filter(wave="baseline").update(state="open")
    rows = Message.objects.filter(occasion__wave="baseline")
    rows.filter(kind="invitation").update(state="sent", sent_at=START)
    rows.filter(nth=1, kind="reminder").update(state="bounced", sent_at=SENT_BY)
    pipeline.correct_address(participant=person, email="new@mail.example", by=BY, now=SENT_BY)
    assert states("baseline") == ["sent", NOT, NOT, "due"], "the new link comes all the same"


def test_a_snooze_is_answered_though_no_reminders_are_wanted() -> None:
    person = under_way()
    want(person, "none")
    row = Occasion.objects.get(wave="baseline")
    pipeline.snooze(occasion=row.pk, until=SENT_BY + timedelta(hours=2), by=BY, now=SENT_BY)
    replan([person], by=BY, now=SENT_BY)
    assert states("baseline") == ["sent", "sent", NOT, "due"]


def test_why_nothing_was_sent_is_said_in_plain_words() -> None:
    person = under_way()
    want(person, "one")
    message = Message.objects.get(occasion__wave="baseline", kind="reminder", nth=2)
    told = of_messages([message], now=SENT_BY)[message.pk]
    assert told.answer == "Reminder 2 was not sent: the participant asked for fewer reminders."


def test_only_what_is_known_can_be_wanted() -> None:
    person = a_person()
    with pytest.raises(UnknownReminders):
        want(person, "two")
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.update(reminders="two")
    pipeline.withdraw(participant=person, scope="keep_data", reason="", by=BY, now=SENT_BY)
    with pytest.raises(HasWithdrawn):
        want(person, "one")


@pytest.mark.parametrize("until", [None, date(2027, 3, 9)])
def test_the_link_to_an_address_corrected_in_a_pause_is_mailed_when_it_ends(
    until: date | None,
) -> None:
    """However it ends: early, or later than was meant at first."""
    person = make_person(make_study(waves=WAVES), "P000", enrolled_at=START)
    replan([person], by=BY, now=START)
    row = Occasion.objects.get(wave="baseline")
    Occasion.objects.filter(pk=row.pk).update(state="open")
    row.messages.filter(kind="invitation").update(state="sent", sent_at=START)
    later = START + timedelta(hours=1)
    want(person, "none", START)
    pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=START)
    pipeline.correct_address(participant=person, email="new@mail.example", by=BY, now=later)
    if until:
        pipeline.pause(participant=person, until=until, by=BY, now=later)
    else:
        pipeline.resume(participant=person, by=BY, now=later)
    assert states("baseline") == ["sent", NOT, NOT, "due"]
    (due,) = row.messages.filter(state="due").values_list("due_at", flat=True)
    assert until is None or due.date() == until
