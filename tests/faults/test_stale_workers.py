"""A worker that sleeps longer than its lease finds the door shut, or brings late evidence."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from surveys.scheduling.states import MessageState
from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import Ground, Keeper, until
from tests.faults.stage import Stage
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

PATIENT = Stage(lease=3, mail_timeout=30)
UNFENCED = Stage(lease=8, mail_timeout=30, off=("FENCE",))


@contextlib.contextmanager
def asleep_in(
    ground: Ground, sink: ScriptedServer, stage: Stage
) -> Iterator[tuple[Keeper, Keeper]]:
    """A worker that is stopped while the server keeps it waiting with a mail, and another one."""
    with (
        ground.worker(sink, pool="solo", stage=stage) as other,
        ground.worker(sink, pool="solo", stage=stage) as sleeper,
    ):
        other.pause()
        people.invite(1)
        until(sink.hanging.is_set)
        sleeper.pause()
        other.resume()
        yield sleeper, other


def test_a_worker_that_wakes_before_the_body_sends_nothing(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A8", "SIGSTOP before the body, for two leases", "the other worker's mail alone")
    sink.script.append("rcpt-wait")
    with asleep_in(ground, sink, PATIENT) as (sleeper, _):
        until(lambda: len(sink.accepted) == 1, 60, "the other worker's mail")
        time.sleep(PATIENT.lease)
        sleeper.resume()
        sink.go_on.set()
        time.sleep(1)
        until(people.is_settled)
    row.count(sink.accepted)
    assert people.n_in(MessageState.SENT) == len(sink.accepted) == 1


def test_a_worker_that_wakes_after_the_body_brings_late_evidence(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A8", "SIGSTOP after the body, for two leases", "unknown meanwhile, then sent")
    sink.script.append("end-wait")
    with asleep_in(ground, sink, PATIENT) as (sleeper, _):
        until(lambda: people.n_in(MessageState.UNKNOWN) == 1, 60, "the end of the lease")
        sink.go_on.set()
        sleeper.resume()
        until(lambda: people.n_in(MessageState.SENT) == 1, what="late evidence")
    row.count(sink.accepted)
    assert len(sink.accepted) == 1


def test_control_without_the_fence_both_send(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    """The second worker holds the lease while the first, whose own is over, comes to the gate."""
    row = case("A8", "the same, tokens not compared", "two mails", is_control=True)
    sink.script.extend(["rcpt-wait", "rcpt-wait"])
    sink.pace = 1.0  # the second comes to the gate before the first has its reply
    with asleep_in(ground, sink, UNFENCED) as (sleeper, _):
        until(lambda: sink.n_waiting == 2, 60, "the other worker at the gate")
        sleeper.resume()
        sink.go_on.set()
        until(lambda: len(sink.accepted) == 2, what="the second mail")
        until(people.is_settled)
    row.count(sink.accepted)
    assert row.doubled == 1
