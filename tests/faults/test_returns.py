"""What comes back: mails, backups, wrong clocks, and everybody at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from django.db import connection
from knox.models import AuthToken
from psycopg import sql

from surveys.lib import clock
from surveys.messaging.models import SendingHold
from surveys.participants.models import Allocation, Participant
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind, MessageState
from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import TICK_SECONDS, Ground, until
from tests.faults.stage import Stage
from tests.integration.api.callers import PERSON, user
from tests.integration.api.providers import KEY, hard
from tests.integration.participants.studies import published
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SENT = MessageState.SENT
HOUR = timedelta(hours=1)


def test_a_mail_that_comes_back(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    row = case("A14", "accepted, then returned by webhook, three times", "bounced; no reminder")
    (message,) = people.invite(1)
    people.messages([message.occasion], kind=MessageKind.REMINDER, due_at=clock.now() + HOUR)
    reports = {"MAIL_WEBHOOK_PROVIDERS": "mailgun", "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}
    with ground.web(env=reports), ground.worker(sink), ground.planner():
        until(lambda: people.n_in(SENT) == 1)
        body = hard(message.pk)
        body["event-data"]["recipient"] = sink.accepted[0].to
        for _ in range(3):
            reply = httpx.post(f"{ground.env['PUBLIC_ORIGIN']}/mail/mailgun/", json=body)
            assert reply.status_code == 200
        clock.move_to(clock.now() + 2 * HOUR)
        until(people.is_settled)
        time.sleep(2 * TICK_SECONDS)
    row.count(sink.accepted, planned=people.ahead())
    message.refresh_from_db()
    assert message.state == MessageState.BOUNCED
    assert len(sink.accepted) == 1


@contextmanager
def backup(ground: Ground) -> Iterator[sql.Identifier]:
    """A copy of the database as it is now."""
    copy = sql.Identifier(f"backup_{uuid4().hex}")
    database = sql.Identifier(connection.settings_dict["NAME"])
    _administer(ground, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, database))
    try:
        yield copy
    finally:
        _administer(ground, sql.SQL("DROP DATABASE IF EXISTS {}").format(copy))


def _administer(ground: Ground, *statements: sql.Composed) -> None:
    connection.close()
    with psycopg.connect(
        ground.env["DATABASE_URL"], dbname="postgres", autocommit=True
    ) as maintenance:
        for statement in statements:
            maintenance.execute(statement)


def test_a_backup_is_restored(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    row = case("B12", "20 sent, then the backup from before is restored", "held; no mail twice")
    people.invite(1)
    database = sql.Identifier(connection.settings_dict["NAME"])
    with ground.worker(sink):
        until(lambda: people.n_in(SENT) == 1)
    people.invite(20)
    with backup(ground) as copy:
        with ground.worker(sink):
            until(lambda: people.n_in(SENT) == 21)
        _administer(
            ground,
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database),
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(copy, database),
        )
    people.invite(5)
    assert people.n_in(MessageState.DUE) == 25, "20 of them were sent before"
    with ground.worker(sink):
        until(SendingHold.objects.exists)
        time.sleep(6 * TICK_SECONDS)
    row.count(sink.accepted, planned=people.waiting())
    row.saw(f"{row.seen}; held: {SendingHold.objects.get().reason[:40]}...")
    assert len(sink.accepted) == 21


@pytest.mark.parametrize("ahead", [1, -1, 24, -24])
def test_a_worker_with_a_wrong_clock(
    case: OpenRow, ground: Ground, sink: ScriptedServer, ahead: int
) -> None:
    row = case("B14", f"a worker's clock {ahead:+d} h", "due: sent once; due in 30 min: not yet")
    now = clock.now()
    due = people.invite(5)
    early = people.messages(people.open_occasions(people.enrol(5)), due_at=now + HOUR / 2)
    wrong = Stage(clock_ahead=3600 * ahead)
    with ground.worker(sink, stage=wrong), ground.planner(stage=wrong):
        until(lambda: people.n_in(SENT) == len(due))
        time.sleep(4 * TICK_SECONDS)
    row.count(sink.accepted, planned=people.ahead())
    assert {message.pk for message in early} <= people.ahead()
    assert len(sink.accepted) == len(due)
    assert set(Message.objects.filter(state=SENT).values_list("n_attempts", flat=True)) == {1}


@pytest.mark.parametrize(
    ("stage", "is_control"),
    [(Stage(), False), (Stage(off=("PLACES",), dwell=1.0), True)],
    ids=["", "control"],
)
def test_everybody_enrols_at_once(
    case: OpenRow, ground: Ground, stage: Stage, is_control: bool
) -> None:
    row = case(
        "B5", "64 people enrolled at once, over HTTP",
        "places collide" if is_control else "64 places without a gap", is_control=is_control,
    )  # fmt: skip
    study = published()
    _, token = AuthToken.objects.create(user(study))
    with ground.web(stage=stage):
        replies = _enrol_64(ground.env["PUBLIC_ORIGIN"], study.code, token)
    places = [*Allocation.objects.order_by("position").values_list("position", flat=True)]
    row.saw(f"{_in_words(replies)}; {len(places)} places, {Participant.objects.count()} people")
    if is_control:
        assert replies[201] < 64
    else:
        assert (replies, places) == (Counter({201: 64}), list(range(64)))
        arms = Counter(Allocation.objects.values_list("arm", flat=True))
        assert abs(arms["abct"] - arms["waitlist"]) <= 3  # half of the largest block


def _enrol_64(origin: str, study: str, token: str) -> Counter[int]:
    """The statuses of 64 requests at the same time."""
    headers = {"Authorization": f"Bearer {token}"}

    def enrol(n: int) -> int:
        person: dict[str, Any] = PERSON | {"email": f"person{n}@example.org", "strata": {}}
        url = f"{origin}/api/v1/studies/{study}/participants/"
        return httpx.post(url, json=person, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(64) as threads:
        return Counter(threads.map(enrol, range(64)))


def _in_words(replies: Counter[int]) -> str:
    return ", ".join(f"{n} times {status}" for status, n in sorted(replies.items()))
