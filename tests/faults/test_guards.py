"""Outages, poison, loops and changes of mind: nothing is sent that must not be, all else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.participants.identity.models import Person
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageKind, MessageState
from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import TICK_SECONDS, Ground, until
from tests.faults.proxy import Mode, proxy_to
from tests.faults.stage import Stage
from tests.faults.table import copies_of
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

BY = Actor.system("faults")
HOUR = timedelta(hours=1)
SENT, MISSED = MessageState.SENT, MessageState.MISSED


def test_a_mail_server_that_is_down_for_a_day(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    """All at one domain, with a pace of 60 a minute: 60 go at once, the others one a second."""
    row = case("A16", "mail server down for 24 h", "open: once, at the pace; closed: missed")
    now = clock.now()
    closing = people.messages(people.open_occasions(people.enrol(10), closes_at=now + 12 * HOUR))
    occasions = people.open_occasions(people.enrol(66))
    invitations = people.messages(occasions)
    reminders = people.messages(occasions[:10], kind=MessageKind.REMINDER, due_at=now + 20 * HOUR)
    pace = {"MAILS_PER_MINUTE_PER_DOMAIN": "60"}
    with proxy_to(sink.port) as line:
        line.mode = Mode.AWAY
        with (
            ground.worker(None, port=line.port, stage=Stage(batch=50, lease=20), env=pace),
            ground.planner(),
        ):
            until(lambda: len(line.held) > 3, what="tries in vain")
            clock.move_to(clock.now() + 24 * HOUR)
            until(lambda: people.n_in(MISSED) == len(closing), what="missing what has closed")
            line.mode = Mode.PASS
            until(lambda: len(sink.accepted) >= 50, 60)
            began = time.monotonic()
            sent = Message.objects.filter(pk__in=[m.pk for m in invitations], state=SENT)
            until(lambda: sent.count() == len(invitations), 60, "catching up")
            seconds = time.monotonic() - began
            time.sleep(4 * TICK_SECONDS)
    row.count(sink.accepted, planned=people.ahead() | {reminder.pk for reminder in reminders})
    row.saw(f"{row.seen}; the last {seconds:.0f} s after the first")
    assert people.n_in(MISSED) == len(closing)
    assert len(sink.accepted) == len(invitations), "no reminder right after its late invitation"
    assert seconds > 2


def test_a_poison_row_does_not_stop_the_others(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A17", "a wave without words, a contact that does not decrypt", "others sent")
    odd = people.messages(people.open_occasions(people.enrol(1), wave="nowhere"))
    spoilt = people.invite(1)
    others = people.invite(10)
    foreign = Person.objects.get(participant_id=others[0].occasion.participant_id).email
    whose = Person.objects.filter(participant_id=spoilt[0].occasion.participant_id)
    whose.update(email=foreign)  # sealed for another row, so it opens in that one only
    with ground.worker(sink, stage=Stage(ladder=0.05)):
        until(people.is_settled, 90)
    row.count(sink.accepted)
    states = dict(Message.objects.values_list("pk", "state"))
    assert [states[each.pk] for each in (*odd, *spoilt)] == ["failed", "failed"]
    assert {states[each.pk] for each in others} == {"sent"}


def test_a_row_that_kills_its_worker_every_time_does_not_stop_the_others(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A17", "a mail whose making kills the process, every time", "given up; others sent")
    (poison,) = people.invite(1)
    others = people.invite(12)
    stage = Stage(ladder=0.1, lease=2, deadly=poison.occasion.participant_id)
    with ground.worker(sink, stage=stage):
        until(people.is_settled, 120)
    row.count(sink.accepted)
    poison.refresh_from_db()
    assert poison.state == MessageState.FAILED
    assert people.n_in(SENT) == len(sink.accepted) == len(others)


def test_a_planner_in_a_loop_plans_nothing_twice_and_the_cap_holds(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case(
        "A18", "1000 plans anew, and ten mails due for one person", "keys kept, 6 mails a day"
    )
    (person,) = people.enrol(1)
    for nth in range(1, 11):
        people.messages(people.open_occasions([person], wave="m3", nth=nth))
    keys = ("occasion__wave", "occasion__nth", "kind", "nth")
    pipeline.move(participant=person, timezone="Europe/Paris", by=BY, now=clock.now())
    planned = sorted(Message.objects.values_list(*keys))
    with ground.worker(sink, concurrency=2), ground.planner():
        for n in range(1000):
            zone = ("Europe/Berlin", "Europe/Paris")[n % 2]
            pipeline.move(participant=person, timezone=zone, by=BY, now=clock.now())
        until(lambda: len(sink.accepted) >= 6, 60)
        time.sleep(6 * TICK_SECONDS)
    row.count(sink.accepted, planned=people.waiting())
    assert sorted(Message.objects.values_list(*keys)) == planned
    assert len(sink.accepted) == 6
    first = Message.objects.all()[0]
    with pytest.raises(IntegrityError, match="message_once"), transaction.atomic():
        Message.objects.create(
            occasion=first.occasion, kind=first.kind, nth=first.nth, due_at=first.due_at
        )


def withdraw(occasion: Occasion) -> None:
    pipeline.withdraw(
        participant=occasion.participant, scope="keep_data", reason="", by=BY, now=clock.now()
    )


def unsubscribe(occasion: Occasion) -> None:
    pipeline.unsubscribe(participant=occasion.participant, by=BY, now=clock.now())


def complete(occasion: Occasion) -> None:
    pipeline.open_link(occasion=occasion.pk, now=clock.now())
    saved = pipeline.save_page(
        occasion=occasion.pk, instrument="calm@1", page=1, forward=True, now=clock.now(),
        posted={"calm1": "1", "calm2": "1", "calm3": "1"},
    )  # fmt: skip
    assert saved.completed


@pytest.mark.parametrize(
    ("change", "why"),
    [(withdraw, "withdrawn"), (complete, "completed"), (unsubscribe, "unsubscribed")],
)
def test_a_change_of_mind_between_claim_and_body(
    case: OpenRow,
    ground: Ground,
    sink: ScriptedServer,
    change: Callable[[Occasion], None],
    why: str,
) -> None:
    row = case("A19", f"{change.__name__} while a worker is about to send", f"no mail: {why}")
    _change_before_the_body(ground, sink, change, Stage(lease=20))
    row.count(sink.accepted, planned=people.ahead())
    assert sink.accepted == []
    assert Message.objects.filter(due_at__lte=clock.now()).get().why_not == why


def test_control_without_the_gate_the_mail_goes_out(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A19", "withdraw, and nobody asks again", "a mail all the same", is_control=True)
    _change_before_the_body(ground, sink, withdraw, Stage(lease=20, off=("GATE",)))
    row.count(sink.accepted)
    assert len(sink.accepted) == 1
    assert Participant.objects.get().status == "withdrawn"


def _change_before_the_body(
    ground: Ground, sink: ScriptedServer, change: Callable[[Occasion], None], stage: Stage
) -> None:
    (message,) = people.invite(1)
    sink.script.append("data-wait")
    with ground.worker(sink, pool="solo", stage=stage):
        until(sink.hanging.is_set)
        change(Occasion.objects.select_related("participant__study").get(pk=message.occasion_id))
        sink.go_on.set()
        until(people.is_settled)
        time.sleep(2 * TICK_SECONDS)


def test_sigterm_while_a_mail_is_handed_over(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case(
        "A20", "SIGTERM while a server takes its time over a body", "sent, then the worker ends"
    )
    people.invite(1)
    sink.script.append("end-wait")
    with ground.worker(sink, stage=Stage(lease=30, mail_timeout=20)) as worker:
        until(sink.hanging.is_set)
        first = worker.pid
        worker.terminate()
        time.sleep(2)
        assert worker.is_alive, "it waits for the answer"
        sink.go_on.set()
        until(lambda: people.n_in(SENT) == 1)
        until(lambda: worker.is_alive and worker.pid != first, what="a new worker")
        time.sleep(2 * TICK_SECONDS)
    row.count(sink.accepted)
    assert (people.n_in(SENT), len(sink.accepted)) == (1, 1)


def test_restarts_while_many_mails_go_out(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    n = 6
    row = case("A20", f"{n} restarts by SIGTERM while 300 mails go out", "300 sent, none unknown")
    people.invite(300)
    sink.pace = 0.02
    stage = Stage(lease=20, batch=50)
    with ground.worker(sink, stage=stage) as worker:
        for part in range(1, n + 1):
            until(lambda part=part: len(sink.accepted) > 25 * part, 60)  # type: ignore[misc]  # bound
            first = worker.pid
            worker.terminate()
            until(lambda first=first: worker.is_alive and worker.pid != first, 60)  # type: ignore[misc]  # bound
        until(people.is_settled, 90)
    row.count(sink.accepted)
    assert len(sink.accepted) == len(copies_of(sink.accepted)) == people.n_in(SENT) == 300
    assert set(Message.objects.values_list("n_attempts", flat=True)) == {1}
