"""A mail server that does not answer is left alone, by all workers, and tried by one of them."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import Settings

from studyplatform.env import Smtp
from surveys.messaging import breaker
from surveys.messaging.breaker import Breaker
from surveys.messaging.delivery import deliver_due
from surveys.messaging.models import DeliveryAttempt, MailServer
from surveys.scheduling.models import Message
from tests.smtp import ScriptedServer
from tests.world import NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]
TRIAL = timedelta(minutes=1)
HOST = "mail.example:25"


@pytest.fixture
def away(settings: Settings) -> Iterator[str]:
    """A port at which nobody answers; the name of its row."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        settings.SMTP = Smtp("127.0.0.1", port, timeout=0.3)
        yield f"127.0.0.1:{port}"


def pause_ends() -> None:
    MailServer.objects.update(open_until=F("open_until") - timedelta(days=1))


def fail(times: int = breaker.FAILURES) -> None:
    for _ in range(times):
        Breaker(HOST, TRIAL).failed("connect: refused")


def pause_of(n_failures: int) -> timedelta:
    """How long the breaker stays open after so many failures in a row."""
    MailServer.objects.all().delete()
    MailServer.objects.create(host=HOST, n_failures=n_failures - 1)
    fail(1)
    row = MailServer.objects.get()
    assert row.open_until is not None
    assert row.failing_since is not None
    return row.open_until - row.failing_since


def test_it_opens_after_a_few_failures_and_then_nobody_claims(away: str, invite: Invite) -> None:
    for n in range(3):
        invite(f"AAAA-000{n}")
    opened = []
    for _ in range(breaker.FAILURES + 2):
        deliver_due(now=NOW)
        opened.append(MailServer.objects.get(host=away).open_until is not None)
    assert opened == [False, False, True, True, True]
    assert MailServer.objects.get().n_failures == breaker.FAILURES  # the last runs tried nothing
    assert set(Message.objects.values_list("state", "n_attempts")) == {("due", 0)}
    assert not DeliveryAttempt.objects.exists()


def test_when_the_pause_is_over_one_worker_tries_one_mail(
    server: ScriptedServer, settings: Settings, invite: Invite
) -> None:
    host = f"{server.host}:{server.port}"
    for n in range(3):
        invite(f"AAAA-000{n}")
    server.always.add("ehlo-421")
    for _ in range(breaker.FAILURES):
        deliver_due(now=NOW)
    n_sessions = server.n_sessions
    pause_ends()

    first, second = Breaker(host, TRIAL), Breaker(host, TRIAL)
    assert [(b.is_trial, b.is_open) for b in (first, second)] == [(True, False), (False, True)]
    first.close()

    pause_ends()
    deliver_due(now=NOW)  # the one that tries: it fails, and the breaker stays open for longer
    deliver_due(now=NOW)
    assert server.n_sessions == n_sessions + 1
    assert MailServer.objects.get().n_failures == breaker.FAILURES + 1

    server.always.clear()
    pause_ends()
    assert deliver_due(now=NOW).n_ended == 3
    row = MailServer.objects.get()
    assert (row.n_failures, row.open_until, row.failing_since) == (0, None, None)


def test_a_trial_that_found_nothing_to_send_is_left_to_the_next_run(
    server: ScriptedServer, invite: Invite
) -> None:
    fail()
    MailServer.objects.update(host=f"{server.host}:{server.port}")
    pause_ends()
    deliver_due(now=NOW)
    invite()
    assert deliver_due(now=NOW).n_ended == 1


def test_the_pause_grows_to_a_limit_and_is_never_the_same() -> None:
    first, later = pause_of(breaker.FAILURES), pause_of(breaker.FAILURES + 2)
    assert timedelta(seconds=23) < first < timedelta(seconds=37)
    assert 4 * timedelta(seconds=23) < later < 4 * timedelta(seconds=37)
    longest = [pause_of(1000) for _ in range(8)]
    assert len(set(longest)) == 8
    assert max(longest) <= 1.3 * breaker.LONGEST_PAUSE


def test_failures_of_others_while_it_is_open_prolong_nothing() -> None:
    late = [Breaker(HOST, TRIAL) for _ in range(20)]
    for each in late:
        each.failed("connect: refused")
    assert MailServer.objects.get().n_failures == breaker.FAILURES


def test_one_answer_forgets_single_failures(server: ScriptedServer, invite: Invite) -> None:
    fail(breaker.FAILURES - 1)
    MailServer.objects.update(host=f"{server.host}:{server.port}")
    invite()
    deliver_due(now=NOW)
    assert MailServer.objects.get().n_failures == 0


def test_it_is_logged_once_a_change_without_anybodys_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "surveys.messaging"):
        for _ in range(breaker.FAILURES):
            Breaker(HOST, TRIAL).failed("535 who is <ada@mail.example>?")
        for _ in range(3):
            pause_ends()
            Breaker(HOST, TRIAL).failed("535 who is <ada@mail.example>?")
        Breaker(HOST, TRIAL).answered()
        Breaker(HOST, TRIAL).answered()
    assert [record.getMessage() for record in caplog.records] == [
        "the mail server mail.example:25 does not answer: 535 who is <‹address›>?",
        "the mail server mail.example:25 answers again",
    ]


def test_it_says_in_words_since_when_and_until_when() -> None:
    assert breaker.silent_servers() == []
    fail()
    row = MailServer.objects.get()
    assert breaker.silent_servers() == [
        f"The mail server mail.example has not answered since {row.failing_since:%Y-%m-%d %H:%M};"
        f" next try at {row.open_until:%Y-%m-%d %H:%M} UTC."
    ]
