"""Several workers at once: every mail goes out once, and the control shows what keeps it so."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from surveys.design.models import Study
from surveys.lib import sql
from surveys.messaging import attempts, claims, delivery, guards
from surveys.messaging.claims import Claim
from surveys.messaging.composing import Letter
from surveys.messaging.models import SendingHold
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
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


def in_step(monkeypatch: pytest.MonkeyPatch, *parameters: str) -> None:
    """Let two workers see the answer to the query with these parameters before either goes on."""
    barrier = threading.Barrier(2)
    rows = sql.rows

    def look(query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        found = rows(query, values)
        if set(values or ()) == set(parameters):
            barrier.wait(30)
        return found

    monkeypatch.setattr(sql, "rows", look)


@pytest.fixture
def claim_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers look for candidates before either of them takes any, and claim once."""
    in_step(monkeypatch, "now", "limit", "spared", "since")
    monkeypatch.setattr(delivery.Round, "run", _one_claim)


def _one_claim(self: delivery.Round, limit: int) -> int:
    claim = claims.claim(now=self.now, limit=limit, cap=6)
    self._send_all(claim)
    return self.n_ended


def test_without_the_locks_a_message_is_still_taken_once(
    server: ScriptedServer, invite: Invite, claim_in_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        invite(f"AAAA-000{n}")
    monkeypatch.setattr(claims, "LOCK", "")
    monkeypatch.setattr(claims, "TURN", "")
    together(2, lambda: delivery.deliver_due(now=NOW, limit=200))
    assert copies(server) == {1: 5}


def test_control_without_any_guard_doubles_happen(
    server: ScriptedServer, invite: Invite, claim_in_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        later = NOW - timedelta(minutes=10 - n)  # so that both go through them in the same order
        Message.objects.filter(pk=invite(f"AAAA-000{n}").pk).update(due_at=later)
    monkeypatch.setattr(claims, "LOCK", "")
    monkeypatch.setattr(claims, "TURN", "")
    monkeypatch.setattr(claims, "UNTAKEN", "true")
    monkeypatch.setattr(attempts, "FENCE", "true")
    opens, both = attempts.open_gate, threading.Barrier(2)
    monkeypatch.setattr(
        attempts, "open_gate", lambda *args, **options: (opens(*args, **options), both.wait(30))[0]
    )
    together(2, lambda: delivery.deliver_due(now=NOW, limit=200))
    assert copies(server) == {2: 5}


@pytest.mark.parametrize(("turn", "n_claimed"), [(claims.TURN, 1), ("", 2)])
def test_the_cap_holds_when_two_workers_count_at_once_unless_nobody_waits_for_a_turn(
    study: Study, monkeypatch: pytest.MonkeyPatch, turn: str, n_claimed: int
) -> None:
    person = world.make_person(study)
    for nth in (1, 2):
        world.make_message(world.make_occasion(person, nth=nth))
    monkeypatch.setattr(claims, "TURN", turn)
    in_step(monkeypatch, "participants", "now")
    taken: list[Claim] = []
    together(2, lambda: taken.append(claims.claim(now=NOW, limit=1, cap=1)))
    assert sum(len(claim.letters) for claim in taken) == n_claimed


CHANGES: Mapping[str, tuple[Callable[[], object], str]] = {
    "withdrawn": (
        lambda: Participant.objects.update(status="withdrawn", withdrawn_at=NOW),
        "cancelled withdrawn",
    ),
    "unsubscribed": (
        lambda: Participant.objects.update(unsubscribed_at=NOW),
        "cancelled unsubscribed",
    ),
    "completed": (
        lambda: Occasion.objects.update(state="completed", started_at=NOW, ended_at=NOW),
        "cancelled completed",
    ),
    "away": (
        lambda: Participant.objects.update(
            paused_until=(NOW + 3 * world.DAY).date(), pause_ends_at=NOW + 2 * world.DAY
        ),
        "due ",
    ),
    "paused": (lambda: Study.objects.update(is_paused=True), "due "),
    "held": (lambda: SendingHold.objects.create(since=NOW, reason="restored"), "due "),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_happens_between_claim_and_body_stops_the_mail(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    message = invite()
    happens, end = CHANGES[change]
    deliver_while(happens, monkeypatch)
    assert server.accepted == []
    delivery.deliver_due(now=NOW, limit=1)
    message.refresh_from_db()
    assert f"{message.state} {message.why_not}" == end
    assert message.n_attempts == 0


def test_control_without_the_gate_the_mail_goes_out_although_they_unsubscribed(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    monkeypatch.setattr(guards, "MAY_GO", "true")
    deliver_while(CHANGES["unsubscribed"][0], monkeypatch)
    assert len(server.accepted) == 1


def deliver_while(happens: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let something happen and be committed while a worker stands at the gate with its claim."""
    at_gate, happened = threading.Event(), threading.Event()
    opens = attempts.open_gate

    def open_gate(letter: Letter, *args: object, **options: object) -> bool:
        at_gate.set()
        assert happened.wait(30)
        return opens(letter, *args, **options)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(attempts, "open_gate", open_gate)
    worker = threading.Thread(
        target=together, args=(1, lambda: delivery.deliver_due(now=NOW, limit=1))
    )
    worker.start()
    assert at_gate.wait(30)
    happens()
    happened.set()
    worker.join()


def test_inside_a_larger_transaction_nothing_is_claimed_since_no_gate_would_be_durable(
    invite: Invite,
) -> None:
    invite()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        claims.claim(now=NOW, limit=1, cap=1)
