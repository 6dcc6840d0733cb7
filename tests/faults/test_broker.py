"""Valkey loses, doubles and withholds tasks, and every mail still goes out once."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import TICK_SECONDS, Ground, Keeper, until
from tests.faults.stage import Stage
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

UNGUARDED = Stage(off=("LOCK", "TURN", "UNTAKEN", "FENCE"), dwell=1.0, lease=8)


def n_unacknowledged(ground: Ground) -> int:
    """Tasks that Valkey has handed out, or has still to hand out."""
    with ground.keyspace as client:
        return int(client.llen("sending")) + int(client.hlen("unacked"))


def is_handed_to_the_sleeping(worker: Keeper, ground: Ground) -> bool:
    """Whether a stopped worker's last question was answered with the ring; else as before.

    It asks anew each second, so the ring may also come between two questions.
    """
    worker.pause()
    ground.ring()
    time.sleep(0.2)
    if n_unacknowledged(ground) == 0:
        return True
    ground.flush()
    worker.resume()
    time.sleep(0.3)
    return False


def test_a_ring_that_a_dying_worker_took_along_is_made_good_by_the_next_tick(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case(
        "A3", "ring taken by a stopped worker, then kill -9", "ring lost; sent at the next tick"
    )
    ground.ticker.pause()
    ground.flush()  # a ring that the beat left would be answered with the mail
    with ground.worker(sink, pool="solo") as worker:
        people.invite(1)
        until(lambda: is_handed_to_the_sleeping(worker, ground), what="losing a ring")
        worker.crash()
        worker.start()
        time.sleep(4 * TICK_SECONDS)
        assert sink.accepted == [], "the ring was lost, as this case needs"
        ground.ticker.resume()
        began = time.monotonic()
        until(people.is_settled)
    row.count(sink.accepted)
    row.saw(f"{row.seen}, {time.monotonic() - began:.1f} s after the beat came back")
    assert len(sink.accepted) == 1


def test_flushall_while_500_mails_are_going_out(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A4", "FLUSHALL with 500 rings queued and 500 mails due", "500 sent once")
    people.invite(500)
    with ground.worker(sink, concurrency=2, stage=Stage(batch=50, lease=20)):
        ground.ring(n=500)
        for part in (50, 250):
            until(lambda part=part: len(sink.accepted) >= part, 60)  # type: ignore[misc]  # bound
            ground.flush()
        until(people.is_settled, 90)
    row.count(sink.accepted)
    assert len(sink.accepted) == 500


def test_two_beats_and_three_workers(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    row = case("A6", "two beats, three workers with two processes each", "each of 300 once")
    people.invite(300)
    with ExitStack() as stack:
        stack.enter_context(ground.beat())
        for _ in range(3):
            stack.enter_context(ground.worker(sink, concurrency=2, stage=Stage(lease=20)))
        until(people.is_settled, 90)
        time.sleep(4 * TICK_SECONDS)
    row.count(sink.accepted)
    assert len(sink.accepted) == 300


@pytest.mark.parametrize(
    ("stage", "is_control"), [(Stage(dwell=1.0), False), (UNGUARDED, True)], ids=["", "control"]
)
def test_fifty_rings_for_one_message(
    case: OpenRow, ground: Ground, sink: ScriptedServer, stage: Stage, is_control: bool
) -> None:
    """Four processes look at the message before any of them takes it."""
    row = case(
        "A7", "50 rings for one message, four at once", "doubled" if is_control else "one mail",
        is_control=is_control,
    )  # fmt: skip
    ground.ticker.pause()
    people.invite(1)
    sink.always.add("rcpt-wait")
    sink.pace = 1.0  # the second comes to the gate before the first has its reply
    with ground.worker(sink, concurrency=4, stage=stage):
        ground.ring(n=50)
        if is_control:
            until(lambda: sink.n_waiting >= 2, what="two workers with one message")
        else:
            until(sink.hanging.is_set)
            time.sleep(2 * stage.dwell)
        sink.go_on.set()
        until(lambda: n_unacknowledged(ground) == 0, 60)
        ground.ticker.resume()
        until(people.is_settled)
    row.count(sink.accepted)
    assert (len(sink.accepted) > 1) if is_control else (len(sink.accepted) == 1)
