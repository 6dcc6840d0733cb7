"""What researchers see of an address that is dead, and how it becomes a good one again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from surveys import pipeline
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.lib import clock, tokens
from surveys.messaging.models import Suppression
from surveys.messaging.reports import Report, Verdict
from surveys.participants.identity.actions import contacts_of
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests.functional.console.cast import Stage, client_of, fingerprint, make_staff, make_stage
from tests.world import make_message, make_occasion, make_person

pytestmark = pytest.mark.django_db

SAID = "550 no such user"


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def coordinator(stage: Stage) -> Client:
    return client_of(make_staff(Role.COORDINATOR, stage.study))


def report(stage: Stage, kind: str = Verdict.BOUNCED) -> None:
    """A mail provider reports about the invitation on the stage."""
    now = clock.now()
    heard = Report("mailgun", f"{kind}-1", kind, stage.message.pk, now, SAID)
    assert pipeline.note_mail_report(report=heard, now=now)


def page(stage: Stage) -> str:
    return stage.url(f"people/{stage.person.code}/")


def test_a_mail_that_came_back_is_told_on_every_page(coordinator: Client, stage: Stage) -> None:
    report(stage)
    person = coordinator.get(page(stage)).content.decode()
    assert "nothing is sent there since" in person
    assert f"mail to this address came back: “{SAID}”" in person
    assert "1 message came back after the mail server had taken it" in (
        coordinator.get(stage.url()).content.decode()
    )
    outbox = coordinator.get(stage.url("outbox/"), {"state": "bounced"}).content.decode()
    assert str(stage.message.pk) in outbox
    assert SAID in coordinator.get(stage.url(f"outbox/{stage.message.pk}/")).content.decode()


def test_a_complaint_is_told_too(coordinator: Client, stage: Stage) -> None:
    report(stage, Verdict.COMPLAINED)
    assert "called a mail unwanted" in coordinator.get(page(stage)).content.decode()
    assert "1 person called a mail unwanted" in coordinator.get(stage.url()).content.decode()


def test_another_study_hears_that_the_address_is_dead_and_no_more(stage: Stage) -> None:
    other = make_stage("other-year")
    report(stage)
    client = client_of(make_staff(Role.COORDINATOR, other.study, email="other@study.example"))
    text = client.get(page(other)).content.decode()
    assert "mail to this address came back" in text
    assert SAID not in text


def test_a_corrected_address_gets_what_is_open_and_did_not_arrive(
    coordinator: Client, stage: Stage
) -> None:
    make_message(stage.message.occasion, "reminder", due_at=clock.now() + timedelta(days=1))
    report(stage)
    answer = coordinator.post(
        f"{page(stage)}address/", {"email": "Ada.Right@mail.example"}, follow=True
    )
    assert "is corrected" in answer.content.decode()
    assert "nothing is sent there" not in answer.content.decode()
    assert contacts_of([stage.person.pk])[stage.person.pk].email == "Ada.Right@mail.example"
    stage.message.refresh_from_db()
    assert (stage.message.state, stage.message.sent_at) == (MessageState.DUE, None)
    event = Event.objects.get(event="contact.corrected")
    assert (event.actor_kind, event.subject) == ("staff", stage.person.code)
    assert "ada" not in str(list(Event.objects.values())).lower().replace("stage", "")


def test_whoever_had_the_mail_by_mistake_loses_its_links(coordinator: Client, stage: Stage) -> None:
    occasion, key = stage.message.occasion, stage.person.key
    Message.objects.update(state=MessageState.SENT, sent_at=clock.now(), why_not="")
    old = [
        f"/s/{tokens.make('occasion', occasion.pk, occasion.link_generation)}/",
        f"/me/{tokens.make('me', key)}/",
        f"/u/{tokens.make('unsubscribe', key)}/",
    ]
    assert [Client().get(path).status_code for path in old] == [200, 200, 200]
    coordinator.post(f"{page(stage)}address/", {"email": "ada.right@mail.example"})
    assert [Client().get(path).status_code for path in old] == [404, 404, 404]
    reminder = Message.objects.get(occasion=occasion, state=MessageState.DUE)
    assert (reminder.kind, reminder.due_at <= clock.now()) == ("reminder", True)
    occasion.refresh_from_db()
    new = f"/s/{tokens.make('occasion', occasion.pk, occasion.link_generation)}/"
    assert Client().get(new).status_code == 200


def test_a_late_report_about_the_address_before_moves_no_mail(
    coordinator: Client, stage: Stage
) -> None:
    report(stage)
    coordinator.post(f"{page(stage)}address/", {"email": "ada.right@mail.example"})
    Message.objects.filter(pk=stage.message.pk).update(state=MessageState.SENT, sent_at=clock.now())
    now = clock.now()
    late = Report(
        "mailgun", "late", Verdict.BOUNCED, stage.message.pk, now, SAID, "ada@secret.example"
    )
    assert pipeline.note_mail_report(report=late, now=now)
    assert Message.objects.get(pk=stage.message.pk).state == MessageState.SENT


@pytest.mark.parametrize("email", ["", "nobody", "two@mail.example, three@mail.example"])
def test_what_is_no_address_changes_nothing(coordinator: Client, stage: Stage, email: str) -> None:
    before = fingerprint()
    assert coordinator.post(f"{page(stage)}address/", {"email": email}).status_code == 422
    assert fingerprint() == before


def test_an_address_belongs_to_one_participant_of_a_study(
    coordinator: Client, stage: Stage
) -> None:
    make_person(stage.study, "BBBB-0002", email="bob@mail.example")
    answer = coordinator.post(f"{page(stage)}address/", {"email": "BOB@mail.example"})
    assert answer.status_code == 422
    assert "belongs to somebody else" in answer.content.decode()


def test_the_same_address_again_is_no_correction(coordinator: Client, stage: Stage) -> None:
    coordinator.post(f"{page(stage)}address/", {"email": "ada@secret.example"})
    assert not Event.objects.filter(event="contact.corrected").exists()


def test_lifting_needs_a_reason_and_is_kept(coordinator: Client, stage: Stage) -> None:
    report(stage)
    later = make_message(
        stage.message.occasion, "reminder", due_at=clock.now(),
        state="cancelled", why_not="suppressed",
    )  # fmt: skip
    assert coordinator.post(f"{page(stage)}write-again/", {"reason": " "}).status_code == 422
    assert Suppression.objects.exists()
    coordinator.post(f"{page(stage)}write-again/", {"reason": "the mailbox was full"})
    assert not Suppression.objects.exists()
    assert Event.objects.get(event="suppression.lifted").reason == "the mailbox was full"
    states = dict(Message.objects.values_list("pk", "state"))
    assert states[stage.message.pk] == "due"
    assert states[later.pk] == "cancelled"  # one mail is enough


def test_what_is_over_is_not_sent_again(coordinator: Client, stage: Stage) -> None:
    over = make_occasion(
        stage.person, "m3", 2, state="expired", closes_at=clock.now() - timedelta(days=1),
        opens_at=clock.now() - timedelta(days=9),
    )  # fmt: skip
    old = make_message(over, state="bounced", sent_at=clock.now() - timedelta(days=9))
    report(stage)
    coordinator.post(f"{page(stage)}write-again/", {"reason": "works again"})
    old.refresh_from_db()
    assert old.state == "bounced"
