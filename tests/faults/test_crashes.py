"""kill -9 of a worker at each step of a delivery: what may have arrived is never sent again."""

from __future__ import annotations

import pytest

from surveys.lib.crashpoints import Point
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import Ground, Keeper, until
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

SENT, UNKNOWN = MessageState.SENT, MessageState.UNKNOWN
MAYBE = None
# the point, where the message in hand ends up, and whether its mail has arrived
ENDS = [
    (Point.BEFORE_CLAIM, SENT, True),
    (Point.IN_CLAIM, SENT, True),
    (Point.AFTER_CLAIM, SENT, True),
    (Point.BEFORE_BODY, SENT, True),
    (Point.AFTER_GATE, UNKNOWN, False),
    (Point.AFTER_BODY, UNKNOWN, MAYBE),
    (Point.AFTER_REPLY, UNKNOWN, True),
    (Point.AFTER_COMMIT, SENT, True),
]
N_EACH = 4


def crash_often(ground: Ground, point: Point, n: int) -> None:
    """Let `n` processes die at the point, each while it has several messages to send."""
    for _ in range(n):
        people.invite(N_EACH)
        ground.crash_at(point)


def check(n: int, end: MessageState, has_arrived: bool | None, sink: ScriptedServer) -> None:
    """The messages in hand at the `n` crashes ended there, and all others were sent once.

    A server may drop a body whose sender dies before it has read it.
    """
    n_unknown = n if end == UNKNOWN else 0
    assert people.n_in(UNKNOWN) == n_unknown
    assert people.n_in(SENT) == n * N_EACH - n_unknown
    n_certain = n * N_EACH - n_unknown
    expected = {True: [n * N_EACH], False: [n_certain], MAYBE: range(n_certain, n * N_EACH + 1)}
    assert len(sink.accepted) in expected[has_arrived]


@pytest.mark.parametrize(("point", "end", "has_arrived"), ENDS)
def test_kill_9_of_a_worker(
    case: OpenRow,
    ground: Ground,
    sink: ScriptedServer,
    point: Point,
    end: MessageState,
    has_arrived: bool | None,
) -> None:
    n = 3
    row = case("A1", f"kill -9 of a worker {point}, {n} times", f"in hand: {end}; others: sent")
    sink.pace = 0.02
    with ground.worker(sink, pool="solo") as worker:
        crash_often(ground, point, n)
        settle(worker)
    row.count(sink.accepted)
    check(n, end, has_arrived, sink)


@pytest.mark.parametrize(("point", "end", "has_arrived"), ENDS)
def test_kill_9_of_a_pool_process(
    case: OpenRow,
    ground: Ground,
    sink: ScriptedServer,
    point: Point,
    end: MessageState,
    has_arrived: bool | None,
) -> None:
    n = 20
    row = case(
        "A2", f"kill -9 of a pool process {point}, {n} times", f"in hand: {end}; others: sent"
    )
    sink.pace = 0.005
    with ground.worker(sink) as worker:
        crash_often(ground, point, n)
        settle(worker)
    row.count(sink.accepted)
    check(n, end, has_arrived, sink)


def settle(worker: Keeper) -> None:
    """Wait until every message has ended, and nobody holds one."""
    until(lambda: worker.is_alive and people.is_settled(), 90, "the end of all messages")
    assert not Message.objects.filter(lease_until__isnull=False).exists()
