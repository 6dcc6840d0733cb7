"""The facts of an explanation are those of the rows, and what it says is what a delivery does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from surveys.design.models import Study
from surveys.lib import clock
from surveys.messaging import explaining
from surveys.messaging.delivery import deliver_due
from surveys.messaging.explanation import Guard, MessageExplained
from surveys.messaging.models import MailEvent, MailServer, SendingHold, Suppression
from surveys.participants import mailing
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]
HOUR = timedelta(hours=1)


def told(message: Message) -> MessageExplained:
    return explaining.of_messages([Message.objects.get(pk=message.pk)], now=NOW)[message.pk]


def failed(message: Message) -> list[Guard]:
    return [check.guard for check in told(message).guards if not check.passed]


def withdraw() -> None:
    Participant.objects.update(status="withdrawn", withdrawn_at=NOW - HOUR)


def unsubscribe() -> None:
    Participant.objects.update(unsubscribed_at=NOW - HOUR)


def go_away() -> None:
    until = NOW + 9 * DAY
    Participant.objects.update(paused_until=until.date(), pause_ends_at=until)


def snooze() -> None:
    Occasion.objects.update(snoozed_until=NOW + DAY)


def pause_study() -> None:
    Study.objects.update(is_paused=True)


def complete() -> None:
    Occasion.objects.update(state="completed", started_at=NOW - HOUR, ended_at=NOW - HOUR)


def begin() -> None:
    Occasion.objects.update(state="started", started_at=NOW - HOUR)


def not_yet_open() -> None:
    Occasion.objects.update(state="planned", opens_at=NOW + HOUR)


def close() -> None:
    Occasion.objects.update(opens_at=NOW - 2 * DAY, closes_at=NOW - HOUR)


def exclude() -> None:
    Occasion.objects.update(state="excluded", cause="branched_out")


def cancel() -> None:
    Occasion.objects.update(state="cancelled", cause="not_in_version", ended_at=NOW - HOUR)


def not_due() -> None:
    Message.objects.update(due_at=NOW + HOUR)


def tried() -> None:
    Message.objects.update(not_before=clock.now() + HOUR)


def hold() -> None:
    SendingHold.objects.create(since=NOW - HOUR, reason="a backup was restored")


def silence() -> None:
    """Of the mail server of the settings; the breaker is open."""
    from django.conf import settings

    now = clock.now()
    MailServer.objects.create(
        host=f"{settings.SMTP.host}:{settings.SMTP.port}",
        n_failures=3, failing_since=now - HOUR, open_until=now + HOUR,
    )  # fmt: skip


def dead_address() -> None:
    index = mailing.fingerprints(Participant.objects.get())[0]
    Suppression.objects.create(address_index=index, reason="complaint", since=NOW - HOUR)


def write_too_much() -> None:
    person = Participant.objects.get()
    for nth in range(2, 8):
        occasion = world.make_occasion(person, nth=nth)
        world.make_message(occasion, state="sent", sent_at=NOW - HOUR)


FATES: list[tuple[Callable[[], None], Guard]] = [
    (withdraw, Guard.TAKES_PART),
    (complete, Guard.NOT_COMPLETED),
    (cancel, Guard.IN_THE_PLAN),
    (exclude, Guard.CONDITION_MET),
    (unsubscribe, Guard.WANTS_MAIL),
    (close, Guard.WINDOW_NOT_OVER),
    (begin, Guard.NOT_BEGUN),
    (pause_study, Guard.STUDY_RUNS),
    (go_away, Guard.NOT_AWAY),
    (snooze, Guard.NOT_SNOOZED),
    (not_yet_open, Guard.WINDOW_OPEN),
    (not_due, Guard.DUE),
    (tried, Guard.RESTED),
    (write_too_much, Guard.BELOW_CAP),
    (hold, Guard.NOT_ON_HOLD),
    (silence, Guard.SERVER_ANSWERS),
    (dead_address, Guard.ADDRESS_WORKS),
]


@pytest.mark.parametrize(("happens", "guard"), FATES, ids=lambda it: getattr(it, "__name__", it))
def test_what_the_explanation_says_no_to_a_delivery_does_not_send(
    server: ScriptedServer, invite: Invite, happens: Callable[[], None], guard: Guard
) -> None:
    message = invite()
    assert failed(message) == []
    happens()
    assert guard in failed(message)
    deliver_due(now=NOW)
    assert server.accepted == []


def test_what_it_says_yes_to_is_sent(server: ScriptedServer, invite: Invite) -> None:
    message = invite()
    assert told(message).answer == "The invitation is due and goes out with the next delivery."
    deliver_due(now=NOW)
    assert len(server.accepted) == 1
    after = told(message)
    assert after.answer.endswith("the mail server accepted it.")
    assert [step.what for step in after.timeline] == ["planned", "claimed", "attempt", "sent"]
    assert Guard.WANTS_MAIL in [check.guard for check in after.guards if check.passed]


def test_a_reminder_waits_for_the_invitation_as_long_as_the_delivery_does(
    server: ScriptedServer, invite: Invite
) -> None:
    invitation = invite()
    Message.objects.update(not_before=clock.now() + HOUR)
    reminder = world.make_message(invitation.occasion, "reminder")
    assert failed(reminder) == [Guard.ITS_TURN]
    deliver_due(now=NOW)
    assert server.accepted == []
    Message.objects.filter(pk=invitation.pk).update(state="sent", sent_at=NOW - 5 * DAY)
    assert failed(reminder) == []
    deliver_due(now=NOW)
    assert len(server.accepted) == 1


def test_the_servers_words_are_told_without_the_address(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite()
    server.script.append("rcpt-550")
    deliver_due(now=NOW)
    assert told(message).answer == (
        "The invitation was not sent: the mail server refused it for good; the last answer was"
        " “550 told to say so to <‹address›>”."
    )


def test_what_came_back_tells_so_without_the_address(study: Study) -> None:
    occasion = world.make_occasion(world.make_person(study))
    message = world.make_message(occasion, state="bounced", sent_at=NOW - HOUR)
    MailEvent.objects.create(
        provider="p", event_id="1", kind="bounced", message=message,
        happened_at=NOW, received_at=NOW, detail="550 <ada@mail.example> unknown",
    )  # fmt: skip
    index = mailing.fingerprints(occasion.participant)[0]
    Suppression.objects.create(address_index=index, reason="bounce", since=NOW)
    assert "came back (“550 <‹address›> unknown”)" in told(message).answer
    reminder = world.make_message(occasion, "reminder")
    assert Guard.ADDRESS_WORKS in failed(reminder)


def test_a_moment_that_was_moved_says_from_where(study: Study) -> None:
    local = {"guards": ["quiet_hours"], "zone": "Europe/Berlin", "rule": "r"}
    occasion = world.make_occasion(world.make_participant(study), local=local)
    message = world.make_message(occasion, due_at=NOW + HOUR)
    reminder = world.make_message(occasion, "reminder", due_at=NOW - HOUR + 3 * DAY)
    moved = told(message).timeline[1]
    assert (moved.what, moved.at) == ("moved", NOW + HOUR)
    assert "quiet hours" in moved.says
    assert [step.what for step in told(reminder).timeline] == ["planned", "due"]


def test_the_number_of_queries_does_not_grow(study: Study) -> None:
    def n_queries(n: int) -> int:
        for code in range(n):
            occasion = world.make_occasion(world.make_participant(study, f"P-{n}-{code}"))
            world.make_message(occasion)
            world.make_message(occasion, "reminder")
        rows = Occasion.objects.select_related("participant__study", "protocol")
        with CaptureQueriesContext(
            connection,
        ) as made:
            explaining.of_occasions(rows, now=NOW)
        return len(made)

    n_queries(2)  # the protocol is read and parsed once for all tests
    assert n_queries(1) == n_queries(12) <= 11


def test_an_occasion_that_the_participant_starts_and_one_without_date_say_so() -> None:
    by_themselves = world.wave_document("event", "P0D", schedule={"event": "participant"})
    by_themselves["reminders"] = []
    study = world.make_study(waves=[world.wave_document("baseline", "P0D"), by_themselves])
    person = world.make_participant(study)
    values: dict[str, Any] = {"state": "planned", "opens_at": None, "closes_at": None}
    world.make_occasion(person, "event")
    world.make_occasion(person, **values, local={"waits_for": "therapy"})
    rows = Occasion.objects.select_related("participant__study", "protocol").order_by("-wave")
    answers = [each.told.answer[0] for each in explaining.of_occasions(rows, now=NOW)]
    assert answers == [
        "No invitation was planned because the participant starts this questionnaire.",
        "No invitation was planned because its date is not known yet: the date 'therapy' is missing.",
    ]
