"""Several workers at once: every mail goes out once, and the control shows what keeps it so."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from surveys.design.models import Study
from surveys.lib import sql
from surveys.messaging import attempts, claims, delivery
from surveys.messaging.claims import Claim
from surveys.messaging.composing import Letter
from surveys.participants.models import Participant
from surveys.scheduling.models import Message
from tests import world
from tests.smtp import ScriptedServer
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)

Invite = Callable[..., Message]


def together(n: int, work: Callable[[], object]) -> None:
    """Do the same in `n` threads, each with its own connection."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def copies(server: ScriptedServer) -> Counter[int]:
    """How many messages arrived once, twice, ..."""
    return Counter(Counter(mail.message_id for mail in server.accepted).values())


def test_two_workers_send_each_of_200_messages_once(server: ScriptedServer, study: Study) -> None:
    for n in range(200):
        world.make_message(world.make_occasion(world.make_person(study, f"AAAA-{n:04}")))
    together(2, lambda: delivery.deliver_due(now=NOW, limit=200))
    assert copies(server) == {1: 200}
    assert set(Message.objects.values_list("state", "n_attempts")) == {("sent", 1)}


@pytest.fixture
def claim_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two workers look for candidates before either of them takes any."""
    barrier = threading.Barrier(2)
    looks = sql.rows

    def look(query: str, *values: Any) -> object:
        found = looks(query, *values)
        if "spared" in str(values):
            barrier.wait(5)
        return found

    monkeypatch.setattr("surveys.lib.sql.rows", look)
    monkeypatch.setattr(delivery.Round, "run", _one_claim)


def _one_claim(self: delivery.Round, limit: int) -> int:
    claim = claims.claim(now=self.now, limit=limit, cap=6)
    self._send_all(claim)
    return self.n_ended


def test_without_the_lock_a_message_is_still_taken_once(
    server: ScriptedServer, invite: Invite, claim_in_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        invite(f"AAAA-000{n}")
    monkeypatch.setattr(claims, "LOCK", "")
    together(2, lambda: delivery.deliver_due(now=NOW, limit=200))
    assert copies(server) == {1: 5}


def test_control_without_any_guard_doubles_happen(
    server: ScriptedServer, invite: Invite, claim_in_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        invite(f"AAAA-000{n}")
    monkeypatch.setattr(claims, "LOCK", "")
    monkeypatch.setattr(claims, "UNTAKEN", "true")
    monkeypatch.setattr(attempts, "FENCE", "true")
    together(2, lambda: delivery.deliver_due(now=NOW, limit=200))
    assert copies(server) == {2: 5}


def test_the_cap_holds_when_two_workers_count_at_once(study: Study, server: ScriptedServer) -> None:
    person = world.make_person(study)
    for nth in (1, 2):
        world.make_message(world.make_occasion(person, nth=nth))
    taken: list[Claim] = []
    barrier = threading.Barrier(2)

    def take_one() -> None:
        barrier.wait(5)
        taken.append(claims.claim(now=NOW, limit=1, cap=1))

    together(2, take_one)
    assert sum(len(claim.letters) for claim in taken) == 1


def test_whoever_withdraws_between_claim_and_body_gets_no_mail(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = invite()
    at_gate, withdrawn = threading.Event(), threading.Event()
    opens = attempts.open_gate

    def open_gate(letter: Letter, *args: object, **options: object) -> bool:
        at_gate.set()
        assert withdrawn.wait(5)
        return opens(letter, *args, **options)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(attempts, "open_gate", open_gate)
    worker = threading.Thread(
        target=together, args=(1, lambda: delivery.deliver_due(now=NOW, limit=1))
    )
    worker.start()
    assert at_gate.wait(5)
    Participant.objects.update(status="withdrawn", withdrawn_at=NOW)
    withdrawn.set()
    worker.join()

    assert server.accepted == []
    delivery.deliver_due(now=NOW, limit=1)
    message.refresh_from_db()
    assert (message.state, message.why_not) == ("cancelled", "withdrawn")
