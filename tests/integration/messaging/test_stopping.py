"""A worker that is told to stop in the middle of a delivery: a mail is finished, none is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from surveys import tasks
from surveys.lib import clock, doorbell, stopping
from surveys.messaging.delivery import deliver_due
from surveys.scheduling.models import Message, Occasion
from tests.database import url_of_tests
from tests.smtp import SLOW_SECONDS, ScriptedServer
from tests.world import DAY, NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
N = 40
Invite = Callable[..., Message]


@contextmanager
def sender(server: ScriptedServer, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker for mails over the test database."""
    environment = os.environ | {
        "DATABASE_URL": url_of_tests(),
        "VAR_DIR": str(folder),
        "EMAIL_URL": f"smtp://{server.host}:{server.port}?timeout=25",
        "PUBLIC_ORIGIN": settings.PUBLIC_ORIGIN,
        "READY_FILE": str(folder / "ready"),
    }
    command = "celery -A studyplatform worker --queues sending --concurrency 1"
    command += " --without-gossip --without-mingle --without-heartbeat"
    with (folder / "sender.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command.split()],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        until((folder / "ready").exists)
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(condition: Callable[[], bool], every: float = 0.05) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)


def test_a_stop_ends_a_long_delivery_after_the_present_mail(
    server: ScriptedServer, invite: Invite, tmp_path: Path
) -> None:
    for n in range(N):
        invite(f"P-{n}")
    Occasion.objects.update(opens_at=clock.now() - DAY, closes_at=clock.now() + DAY)
    Message.objects.update(due_at=clock.now())
    server.always.add("end-slow")
    with sender(server, tmp_path) as worker:
        until(lambda: doorbell.ring(tasks.deliver) and len(server.accepted) >= 2, every=1)
        worker.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert worker.wait(N * SLOW_SECONDS) == 0
        assert time.monotonic() - began < N * SLOW_SECONDS / 2
    states = Counter(Message.objects.values_list("state", flat=True))
    assert set(states) == {"sent", "due"}
    assert states["sent"] == len(server.accepted) < N
    server.always.clear()
    deliver_due(now=clock.now())
    mails = Counter(mail.to for mail in server.accepted)
    assert len(mails) == N
    assert set(mails.values()) == {1}


def test_who_was_told_to_stop_begins_no_mail(
    server: ScriptedServer, invite: Invite, monkeypatch: pytest.MonkeyPatch
) -> None:
    invite()
    stopping.ask()
    try:
        assert deliver_due(now=NOW).is_cut
    finally:
        stopping.forget()
    assert server.accepted == []
    assert Message.objects.get().state == "due"
    deliver_due(now=NOW)
    assert len(server.accepted) == 1
