"""One run of the delivery, with real rows and a real mail server."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from studyplatform.env import Smtp
from surveys.design.models import Study
from surveys.lib import sql, tokens
from surveys.messaging import claims, retries
from surveys.messaging.breaker import Breaker
from surveys.messaging.delivery import Delivered, Round, deliver_due
from surveys.messaging.envelope import Sender
from surveys.messaging.memory import Memory
from surveys.messaging.models import DeliveryAttempt, Suppression
from surveys.messaging.transports import smtp
from surveys.participants.identity import actions as identity
from surveys.participants.identity.models import Person
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]


def deliver(limit: int = 200) -> int:
    return deliver_due(now=NOW, limit=limit).n_ended


def at_once(message: Message) -> None:
    """Let the next attempt be now."""
    Message.objects.filter(pk=message.pk).update(not_before=None)


def key_of(message: Message) -> UUID:
    """What the personal links of a message's reader name."""
    return message.occasion.participant.key


def test_an_invitation_arrives_as_the_protocol_words_it(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite(name="Ada Löwe")
    assert deliver() == 1

    (mail,) = server.accepted
    link = f"https://host.example/s/{tokens.make('occasion', message.occasion_id)}/"
    text = mail.email.get_body(("plain",))
    html = mail.email.get_body(("html",))
    assert text is not None
    assert html is not None
    lines = text.get_content().splitlines()
    assert lines[0] == "Dear Ada Löwe,"
    assert "please answer by Monday, 15 March 2027." in lines
    assert link in lines
    assert f'href="{link}"' in html.get_content()
    assert mail.to == "aaaa-0001@mail.example"
    assert mail.message_id == f"<m-{message.id}@host.example>"
    assert mail.email["Subject"] == "A year of calm: your questionnaire"
    unsubscribe = f"https://host.example/u/{tokens.make('unsubscribe', key_of(message))}/"
    assert mail.email["List-Unsubscribe"] == f"<{unsubscribe}>"
    assert mail.email["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{unsubscribe}>\r\n".encode() in mail.raw  # not folded
    assert mail.email["Auto-Submitted"] == "auto-generated"
    assert mail.email["Reply-To"] == "office@study.example"
    assert "In an emergency call 112." in lines


def test_what_was_sent_is_on_record(server: ScriptedServer, invite: Invite) -> None:
    message = invite()
    deliver()
    message.refresh_from_db()
    assert (message.state, message.sent_at, message.language) == (MessageState.SENT, NOW, "en")
    assert (message.lease_until, message.lease_token) == (None, None)
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.n, attempt.outcome, attempt.reply) == (1, "sent", "250 OK: queued")
    assert attempt.body_started_at is not None
    assert attempt.ended_at is not None


def test_a_second_run_sends_nothing(server: ScriptedServer, invite: Invite) -> None:
    invite()
    assert [deliver(), deliver()] == [1, 0]
    assert len(server.accepted) == 1


def test_everybody_reads_their_own_language(server: ScriptedServer, study: Study) -> None:
    for code, language in [("AAAA-0001", "de"), ("AAAA-0002", "fr")]:
        person = world.make_person(study, code, language=language)
        world.make_message(world.make_occasion(person))
    deliver()
    subjects = {mail.to: mail.email["Subject"] for mail in server.accepted}
    assert subjects == {
        "aaaa-0001@mail.example": "Ein Jahr Ruhe: Ihr Fragebogen",
        "aaaa-0002@mail.example": "A year of calm: your questionnaire",
    }


@pytest.mark.parametrize(
    ("fault", "state", "why_not", "outcome", "n_accepted"),
    [
        ("rcpt-451", MessageState.DUE, "", "temporary", 0),
        ("rcpt-550", MessageState.FAILED, "refused", "permanent", 0),
        ("end-452", MessageState.DUE, "", "temporary", 0),
        ("end-554", MessageState.FAILED, "refused", "permanent", 0),
        ("end-drop", MessageState.UNKNOWN, "", "unknown", 1),
        ("body-drop", MessageState.UNKNOWN, "", "unknown", 0),
        ("quit-421", MessageState.SENT, "", "sent", 1),
    ],
)
def test_each_ending_leaves_the_message_where_it_belongs(
    server: ScriptedServer,
    invite: Invite,
    fault: str,
    state: MessageState,
    why_not: str,
    outcome: str,
    n_accepted: int,
) -> None:
    message = invite()
    server.script.append(fault)
    server.always.update({fault} if fault.startswith("quit") else ())
    deliver()
    message.refresh_from_db()
    assert (message.state, message.why_not) == (state, why_not)
    assert DeliveryAttempt.objects.get().outcome == outcome
    assert len(server.accepted) == n_accepted
    assert (message.not_before is not None) == (state == MessageState.DUE)

    # an uncertain mail is never repeated by itself, and a pause is kept
    assert deliver() == 0
    assert len(server.accepted) == n_accepted


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "state"), [("rcpt-hang", "due"), ("end-hang", "unknown")])
def test_a_server_that_hangs_is_left_after_a_while(
    server: ScriptedServer, invite: Invite, fault: str, state: str
) -> None:
    message = invite()
    server.script.append(fault)
    deliver()
    message.refresh_from_db()
    assert message.state == state


def test_a_temporary_refusal_is_tried_again_and_then_given_up(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite()
    server.always.add("rcpt-451")
    for _ in range(retries.MAX_ATTEMPTS):
        at_once(message)
        deliver()
    message.refresh_from_db()
    assert (message.state, message.why_not) == (MessageState.FAILED, "too_many_attempts")
    assert DeliveryAttempt.objects.count() == message.n_attempts == retries.MAX_ATTEMPTS


def test_a_retry_carries_the_same_message_id_and_link(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite()
    server.script.append("end-451")
    deliver()
    at_once(message)
    deliver()
    assert [mail.message_id for mail in server.accepted] == [f"<m-{message.id}@host.example>"]


def test_a_server_that_is_away_costs_nobody_an_attempt(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    for n in range(3):
        invite(f"AAAA-000{n}")
    reachable = settings.SMTP
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.SMTP = Smtp("127.0.0.1", free.getsockname()[1], timeout=0.3)
    assert deliver_due(now=NOW) == Delivered(0, is_cut=False)
    states = set(Message.objects.values_list("state", "n_attempts", "lease_token"))
    assert states == {("due", 0, None)}
    assert not DeliveryAttempt.objects.exists()

    settings.SMTP = reachable
    assert deliver() == 3


def test_a_patient_configuration_gets_a_longer_lease(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    invite()
    settings.SMTP = Smtp(server.host, server.port, timeout=25)
    assert deliver() == 1


def test_a_patience_beyond_the_tasks_limit_is_refused_in_words(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    settings.SMTP = Smtp(server.host, server.port, timeout=60)
    with pytest.raises(ImproperlyConfigured, match="timeout of 60 s is too long"):
        deliver()


def test_a_session_lost_in_a_batch_is_opened_again(server: ScriptedServer, invite: Invite) -> None:
    for n in range(3):
        invite(f"AAAA-000{n}")
    server.script.extend(["", "mail-421", ""])
    deliver()
    assert (len(server.accepted), server.n_sessions) == (2, 2)


@pytest.mark.parametrize("name", ["Ad\x0ba", "Ada\r\nBcc: all@mail.example", "Ada\u2028"])
def test_one_unusable_row_does_not_hold_up_the_others(
    server: ScriptedServer, invite: Invite, name: str
) -> None:
    invite("AAAA-0001")
    poison = invite("AAAA-0002", name=name)
    invite("AAAA-0003")
    assert deliver() == 3
    poison.refresh_from_db()
    assert (poison.state, poison.why_not) == (MessageState.FAILED, "cannot_render")
    assert len(server.accepted) == 2


def test_nobody_without_an_address_is_written_to(server: ScriptedServer, study: Study) -> None:
    message = world.make_message(world.make_occasion(world.make_participant(study)))
    assert deliver() == 1
    message.refresh_from_db()
    assert (message.state, message.why_not) == (MessageState.FAILED, "no_address")


def test_a_suppressed_address_gets_no_mail_and_costs_no_attempt(
    server: ScriptedServer, invite: Invite
) -> None:
    message, _ = invite("AAAA-0001", email="Dead@Mail.Example"), invite("AAAA-0002")
    Suppression.objects.create(
        address_index=identity.address_index("dead@mail.example"), reason="bounce", since=NOW
    )
    assert deliver() == 2
    message.refresh_from_db()
    assert (message.state, message.why_not, message.n_attempts) == ("cancelled", "suppressed", 0)
    assert [mail.to for mail in server.accepted] == ["aaaa-0002@mail.example"]
    assert not DeliveryAttempt.objects.filter(message=message).exists()


def test_one_address_that_does_not_decrypt_waits_and_the_others_flow(
    server: ScriptedServer, invite: Invite
) -> None:
    broken, _ = invite("AAAA-0001"), invite("AAAA-0002")
    other = Person.objects.get(participant__code="AAAA-0002")
    Person.objects.filter(participant__code="AAAA-0001").update(email=other.email)
    assert deliver() == 1
    broken.refresh_from_db()
    assert (broken.state, broken.n_attempts) == (MessageState.DUE, 1)
    assert len(server.accepted) == 1


def test_one_run_writes_to_nobody_twice(server: ScriptedServer, study: Study) -> None:
    person = world.make_person(study)
    for wave in ("baseline", "m3"):
        world.make_message(world.make_occasion(person, wave))
    assert [deliver(), deliver(), deliver()] == [1, 1, 0]


def test_nobody_gets_more_mails_a_day_than_the_cap(
    server: ScriptedServer, settings: Settings, study: Study
) -> None:
    settings.MAIL_CAP_PER_DAY = 2
    person = world.make_person(study)
    for nth in range(1, 5):
        world.make_message(world.make_occasion(person, nth=nth))
    for _ in range(4):
        deliver()
    assert len(server.accepted) == 2

    # the next day the others follow
    Message.objects.update(not_before=None)
    deliver_due(now=NOW + DAY + timedelta(minutes=1), limit=10)
    assert len(server.accepted) == 3


def test_the_limit_is_kept(server: ScriptedServer, invite: Invite) -> None:
    for n in range(3):
        invite(f"AAAA-000{n}")
    runs = [deliver_due(now=NOW, limit=2) for _ in range(2)]
    assert [(run.n_ended, run.is_cut) for run in runs] == [(2, True), (1, False)]


def test_a_run_goes_on_until_nothing_is_due(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveys.messaging.delivery.BATCH", 2)
    for n in range(5):
        invite(f"AAAA-000{n}")
    assert deliver_due(now=NOW) == Delivered(5, is_cut=False)


def test_what_a_paused_study_keeps_waiting_is_walked_over_once_a_run(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = world.make_study("paused")
    row = world.make_occasion(world.make_participant(paused, "WAIT-0001"))
    waiting = world.make_message(row, due_at=NOW - DAY)
    Study.objects.filter(pk=paused.pk).update(is_paused=True)
    for n in range(3):
        invite(f"AAAA-000{n}")
    begins: list[object] = []
    inner = sql.rows

    def noted(query: str, values: Any = None) -> Any:
        begins.extend([values["since"]] if "since" in (values or {}) else [])
        return inner(query, values)

    monkeypatch.setattr(sql, "rows", noted)
    monkeypatch.setattr("surveys.messaging.delivery.BATCH", 1)
    assert deliver() == 3
    assert begins == [None, *[NOW - timedelta(hours=1)] * 3]
    waiting.refresh_from_db()
    assert waiting.state == MessageState.DUE


@pytest.mark.usefixtures("impatient")
def test_a_run_that_has_no_time_left_gives_back_what_it_claimed(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        invite(f"AAAA-000{n}")
    server.script.append("end-hang")
    monkeypatch.setattr("surveys.messaging.delivery.RUN_SECONDS", 0.9)
    assert deliver_due(now=NOW) == Delivered(1, is_cut=True)
    assert sorted(Message.objects.values_list("state", "n_attempts")) == [
        ("due", 0),
        ("due", 0),
        ("unknown", 1),
    ]


def test_no_body_begins_that_the_tasks_own_limit_could_cut_off(
    server: ScriptedServer, invite: Invite, settings: Settings
) -> None:
    message = invite()
    taken = claims.claim(now=NOW, limit=1, cap=6)
    slow = smtp.configured("host.example")
    with contextlib.closing(smtp.SmtpTransport(slow)) as transport:
        breaker = Breaker("host.example:25", timedelta(minutes=1))
        sender = Sender("a@b.example", "a@b.example", "b.example")
        run = Round(NOW, sender, transport, slow, breaker, Memory(uuid4()))
        run._began -= settings.DELIVER_SOFT_SECONDS - slow.longest_body  # as after many slow steps
        assert run._send_all(taken)
    message.refresh_from_db()
    assert (message.state, message.n_attempts, server.accepted) == (MessageState.DUE, 0, [])


def test_a_message_in_the_future_waits(server: ScriptedServer, invite: Invite) -> None:
    message = invite()
    Message.objects.update(due_at=NOW + timedelta(seconds=1))
    assert deliver() == 0
    message.refresh_from_db()
    assert message.state == MessageState.DUE


def test_the_bookkeeping_of_a_mail_is_two_short_statements(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(20):
        invite(f"AAAA-{n:04}")
    n_calls = Counter[str]()

    def counted(name: str) -> Callable[..., object]:
        inner = getattr(sql, name)

        def call(*args: object) -> object:
            n_calls[name] += 1
            return inner(*args)

        return call

    for name in ("rows", "execute", "execute_prepared"):
        monkeypatch.setattr(sql, name, counted(name))
    assert deliver() == 20
    assert n_calls["execute_prepared"] == 2 * 20
    assert n_calls["rows"] + n_calls["execute"] < 14  # a run and a batch, not a mail
