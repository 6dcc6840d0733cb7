"""What becomes of mails that may or may not have arrived."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from surveys import pipeline
from surveys.audit.actors import Actor, ActorKind
from surveys.audit.models import Event
from surveys.design.models import ProtocolVersion, Study
from surveys.messaging import resending
from surveys.messaging.delivery import deliver_due
from surveys.messaging.models import DeliveryAttempt
from surveys.messaging.resending import CannotResend, Resent
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]
BY = Actor(ActorKind.STAFF, "S-ABCDEFGH")


@pytest.fixture
def doubt(server: ScriptedServer, invite: Invite) -> Callable[[], Message]:
    """Makes an invitation that the server took without ever saying so."""

    def make(code: str = "AAAA-0001") -> Message:
        message = invite(code)
        server.script.append("end-drop")
        deliver_due(now=NOW)
        message.refresh_from_db()
        assert message.state == "unknown"
        return message

    return make


def resend(message: Message) -> bool:
    return pipeline.resend(message=message.pk, by=BY, now=NOW)


def state_of(message: Message) -> tuple[str, int]:
    message.refresh_from_db()
    return message.state, message.n_attempts


def let_the_rule_apply() -> None:
    """As if the occasions' protocol had it, and the doubt were old."""
    first = ProtocolVersion.objects.get()
    messages = first.document["messages"] | {"unknown": "resend-invitations"}
    second = ProtocolVersion.objects.create(
        study=first.study,
        version=2,
        content_hash="two",
        document=first.document | {"messages": messages},
        published_at=NOW,
    )
    Occasion.objects.update(protocol=second)
    grow_old()


def grow_old() -> None:
    DeliveryAttempt.objects.update(ended_at=F("ended_at") - 2 * resending.DOUBT)


def test_a_person_has_it_sent_again_with_the_same_id_and_link(
    server: ScriptedServer, doubt: Callable[[], Message]
) -> None:
    message = doubt()
    assert resend(message)
    assert not resend(message)  # pressed twice
    assert state_of(message) == ("due", 1)
    deliver_due(now=NOW)
    assert state_of(message) == ("sent", 2)
    first, second = server.accepted
    assert first.message_id == second.message_id
    links = {line for mail in (first, second) for line in text(mail.email) if "/s/" in line}
    assert len(links) == 1
    event = Event.objects.get(event="message.resent")
    assert (event.actor, event.subject, event.data["n_attempts"]) == ("S-ABCDEFGH", "AAAA-0001", 1)


def text(email: Any) -> list[str]:
    lines: list[str] = email.get_body(("plain",)).get_content().splitlines()
    return lines


@pytest.mark.parametrize(
    ("table", "change", "why"),
    [
        (Message, {"state": "sent", "sent_at": NOW}, "this one is sent"),
        (Message, {"state": "failed"}, "this one is failed"),
        (Participant, {"status": "withdrawn", "withdrawn_at": NOW}, "has withdrawn"),
        (Participant, {"unsubscribed_at": NOW}, "wants no more mails"),
        (Occasion, {"closes_at": NOW}, "cannot be answered any more"),
        (Occasion, {"state": "expired"}, "cannot be answered any more"),
        (Occasion, {"state": "started", "started_at": NOW}, "already begun"),
    ],
)
def test_what_must_not_go_out_again_is_refused_in_words(
    doubt: Callable[[], Message], table: Any, change: dict[str, Any], why: str
) -> None:
    message = doubt()
    table.objects.update(**change)
    before = Message.objects.values().get()
    with pytest.raises(CannotResend, match=why):
        resend(message)
    assert Message.objects.values().get() == before
    assert not Event.objects.filter(event="message.resent").exists()


def test_a_list_is_sent_again_and_says_what_was_left(doubt: Callable[[str], Message]) -> None:
    ids = [doubt(f"AAAA-000{n}").pk for n in range(3)]
    Participant.objects.filter(code="AAAA-0001").update(unsubscribed_at=NOW)
    assert pipeline.resend_all(messages=ids, by=BY, now=NOW) == Resent(2, 1)
    assert pipeline.resend_all(messages=ids, by=BY, now=NOW) == Resent(0, 1)


def test_by_default_nothing_is_sent_again_by_itself(
    server: ScriptedServer, doubt: Callable[[], Message]
) -> None:
    message = doubt()
    grow_old()
    deliver_due(now=NOW + DAY)
    assert state_of(message) == ("unknown", 1)
    assert len(server.accepted) == 1


def test_a_study_may_ask_for_one_repetition_of_invitations_and_no_more(
    server: ScriptedServer, doubt: Callable[[], Message]
) -> None:
    message = doubt()
    let_the_rule_apply()
    server.script.append("end-drop")
    deliver_due(now=NOW + DAY)
    assert state_of(message) == ("unknown", 2)
    assert Event.objects.get(event="message.resent").actor == "resend-invitations"

    grow_old()
    deliver_due(now=NOW + 2 * DAY)
    assert state_of(message) == ("unknown", 2)  # a second doubt is a person's


def test_the_rule_waits_an_hour_for_evidence(doubt: Callable[[], Message]) -> None:
    message = doubt()
    let_the_rule_apply()
    DeliveryAttempt.objects.update(
        ended_at=F("ended_at") + 2 * resending.DOUBT - timedelta(minutes=59)
    )
    deliver_due(now=NOW)
    assert state_of(message) == ("unknown", 1)


def test_the_rule_is_for_invitations_that_can_be_answered(
    server: ScriptedServer, study: Study
) -> None:
    person = world.make_person(study)
    occasion = world.make_occasion(person)
    reminder = world.make_message(occasion, "reminder", state="due")
    server.script.append("end-drop")
    deliver_due(now=NOW)
    let_the_rule_apply()
    deliver_due(now=NOW + DAY)
    assert state_of(reminder) == ("unknown", 1)


def test_what_a_restore_left_in_doubt_is_never_the_rules(invite: Invite) -> None:
    message = invite()
    Message.objects.update(state="unknown", why_not="restored")
    let_the_rule_apply()
    assert resending.resend_by_rule(now=NOW) == 0
    assert resend(message)


def test_start_behind_a_link_that_only_this_mail_carried_proves_that_it_arrived(
    doubt: Callable[[], Message],
) -> None:
    message = doubt()
    pipeline.open_link(occasion=message.occasion_id, now=NOW + timedelta(minutes=5))
    message.refresh_from_db()
    assert message.state == "sent"
    assert message.sent_at is not None
    assert NOW < message.sent_at <= NOW + timedelta(minutes=5)
    event = Event.objects.get(event="message.arrived")
    assert (event.actor_kind, event.subject) == ("participant", "AAAA-0001")
    pipeline.open_link(occasion=message.occasion_id, now=NOW + DAY)
    assert Event.objects.filter(event="message.arrived").count() == 1


@pytest.mark.parametrize(
    "other",
    [
        {"state": "sent", "sent_at": NOW},
        {"state": "unknown"},
        {"state": "bounced", "sent_at": NOW},
    ],
)
def test_another_mail_with_the_same_link_proves_nothing(
    doubt: Callable[[], Message], other: dict[str, Any]
) -> None:
    message = doubt()
    world.make_message(message.occasion, "reminder", **other)
    pipeline.open_link(occasion=message.occasion_id, now=NOW)
    assert state_of(message) == ("unknown", 1)


def test_a_planned_reminder_is_no_other_mail(doubt: Callable[[], Message]) -> None:
    message = doubt()
    world.make_message(message.occasion, "reminder", due_at=NOW + DAY)
    pipeline.open_link(occasion=message.occasion_id, now=NOW)
    assert state_of(message) == ("sent", 1)
