"""What a mail server can do to a mail, and what the outbox makes of it."""

from __future__ import annotations

import time

import pytest

from surveys.lib import clock
from surveys.messaging import explaining
from surveys.messaging.models import DeliveryAttempt
from surveys.messaging.retries import MAX_ATTEMPTS
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests.faults import people
from tests.faults.conftest import OpenRow
from tests.faults.ground import TICK_SECONDS, Ground, until
from tests.faults.proxy import Mode, proxy_to
from tests.faults.stage import Stage
from tests.smtp import ScriptedServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

QUICK = Stage(ladder=0.05)
IMPATIENT = Stage(ladder=0.05, mail_timeout=0.7)
SENT, FAILED, UNKNOWN = MessageState.SENT, MessageState.FAILED, MessageState.UNKNOWN


def rest() -> None:
    """Long enough for a worker to try again, if it meant to."""
    time.sleep(6 * TICK_SECONDS)


def why(message: Message) -> str:
    """What the console says of it."""
    return explaining.of_messages([message], now=clock.now())[message.pk].answer


def test_a_passing_trouble_is_tried_again_and_then_given_up(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    codes = (421, 450, 451, 452)
    rows = {
        code: case(
            "A9", f"{code}: always for one of three people, twice for another",
            f"two sent, one failed after {MAX_ATTEMPTS} attempts",
        )
        for code in codes
    }  # fmt: skip
    refused = {code: people.invite(1, email=f"rcpt-{code}@mail.example")[0] for code in codes}
    others = {code: people.invite(2) for code in codes}
    sink.script.extend(f"mail-{code}" for code in codes * 2)
    with ground.worker(sink, pool="solo", stage=QUICK):
        until(people.is_settled, 90)
    for code, row in rows.items():
        row.count(sink.accepted, only=[refused[code], *others[code]])
        message = Message.objects.get(pk=refused[code].pk)
        assert message.state == FAILED
        assert DeliveryAttempt.objects.filter(message=message).count() == MAX_ATTEMPTS
        assert f"{code}" in why(message)
    assert len(sink.accepted) == people.n_in(SENT) == 2 * len(codes)
    temporary = DeliveryAttempt.objects.filter(outcome="temporary")
    assert temporary.exclude(message__in=refused.values()).exists()


def test_a_refusal_is_final_and_said(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    faults = ("rcpt-550", "rcpt-552", "end-552", "end-554")
    rows = {
        fault: case("A10", fault, "failed at once, and the researcher reads why")
        for fault in faults
    }
    refused = {fault: people.invite(1, email=f"{fault}@mail.example")[0] for fault in faults}
    people.invite(2)
    with ground.worker(sink, pool="solo", stage=QUICK):
        until(people.is_settled)
        rest()
    for fault, row in rows.items():
        row.count(sink.accepted, only=[refused[fault]])
        message = Message.objects.get(pk=refused[fault].pk)
        assert (message.state, message.n_attempts) == (FAILED, 1)
        assert fault[-3:] in why(message)
    assert len(sink.accepted) == people.n_in(SENT) == 2


def test_a_server_that_falls_silent_before_the_body_has_nothing(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    with ground.worker(sink, pool="solo", stage=IMPATIENT):
        for stage in ("ehlo", "mail", "rcpt", "data"):
            row = case("A11", f"hang at {stage}, then well again", "sent once, later")
            sink.hanging.clear()
            sink.always.add(f"{stage}-hang")
            invited = people.invite(1)
            until(sink.hanging.is_set)
            sink.always.clear()
            until(people.is_settled, 60)
            row.count(sink.accepted, only=invited)
            assert (row.mails, row.unknown) == (1, 0)


def test_a_server_that_never_greets_has_nothing(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A11", "hang at connect, then well again", "sent once, later")
    people.invite(1)
    with (
        proxy_to(sink.port) as line,
        ground.worker(None, port=line.port, pool="solo", stage=IMPATIENT),
    ):
        line.mode = Mode.SILENT
        until(lambda: len(line.held) > 1)
        line.mode = Mode.PASS
        until(people.is_settled, 60)
    row.count(sink.accepted)
    assert len(sink.accepted) == people.n_in(SENT) == 1


def test_silence_after_the_body_is_unknown_and_not_sent_again(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    faults = ("end-hang", "end-drop")
    rows = {
        fault: case("A12", f"{fault} for 3 people", "3 unknown, not sent again") for fault in faults
    }
    hit = {fault: people.invite(3, email=f"{fault}@{{code}}.example") for fault in faults}
    people.invite(3)
    with ground.worker(sink, pool="solo", stage=IMPATIENT):
        until(people.is_settled, 90)
        rest()
    for fault, row in rows.items():
        row.count(sink.accepted, only=hit[fault])
        assert (row.mails, row.unknown) == (3, 3), "this server had taken all of them"
    assert (people.n_in(UNKNOWN), people.n_in(SENT)) == (6, 3)


def test_a_bad_goodbye_does_not_matter(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    with ground.worker(sink, pool="solo", stage=IMPATIENT):
        for fault in ("quit-hang", "quit-drop", "quit-421"):
            row = case("A13", fault, "sent")
            sink.always.add(fault)
            invited = people.invite(3)
            until(people.is_settled, 60)
            rest()
            sink.always.clear()
            row.count(sink.accepted, only=invited)
            assert row.seen == "3 sent"


def test_a_body_that_is_cut_in_two_is_unknown(
    case: OpenRow, ground: Ground, sink: ScriptedServer
) -> None:
    row = case("A15", "connection reset in the middle of a body", "unknown: nobody here can know")
    people.invite(3)
    with proxy_to(sink.port) as line:
        line.cut_after = 900
        with ground.worker(None, port=line.port, pool="solo", stage=IMPATIENT):
            until(people.is_settled, 60)
            rest()
    row.count(sink.accepted)
    assert (people.n_in(UNKNOWN), people.n_in(SENT), len(sink.accepted)) == (1, 2, 2)
