"""Three ways to send the same mails; each returns its seconds, or raises when a mail is amiss."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max, Min

from studyplatform import processes
from studyplatform.console_lines import quiet
from studyplatform.supervisor import Program, Supervisor
from surveys import tasks
from surveys.lib import doorbell
from surveys.messaging.models import DeliveryAttempt
from tests.bench.mail import letters, naive
from tests.bench.mail.outbox import Outbox
from tests.bench.mail.sinks import Sink

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 600.0  # seconds for one run
LOOK = 0.05
TICK = 30.0  # seconds between two rings, should one have been lost


class Amiss(RuntimeError):
    """A run that does not count: a mail is missing or doubled, or the books are wrong."""


@dataclass(frozen=True)
class Ways:
    """What all of them need: the sink, the outbox, and a file with the finished mails."""

    sink: Sink
    outbox: Outbox
    mails: Path

    def ours(self, workers: int) -> float:
        """The outbox by one Celery worker of so many processes, from the first claim to the last entry.

        The reference loops do not count their start either; a worker that runs is warm.
        """
        self.outbox.put_back()
        self.sink.empty()
        env = {**os.environ, "EMAIL_URL": self.sink.url}
        with Supervisor([processes.sender(env, concurrency=workers)], quiet):
            for _ in range(workers):
                doorbell.ring(tasks.deliver)
            _wait(self.outbox.is_done, meanwhile=lambda: doorbell.ring(tasks.deliver))
        if wrong := self.outbox.wrong():
            raise Amiss(f"the outbox is not as it should be: {wrong}")
        self._count(map(str, self.outbox.ids))
        times = DeliveryAttempt.objects.aggregate(first=Min("began_at"), last=Max("ended_at"))
        lasted: timedelta = times["last"] - times["first"]
        return lasted.total_seconds()

    def plain(self, loops: int, how: str) -> float:
        """Mails that are built before, over one open connection a process; `how` as in `plain`."""
        self.sink.empty()
        command = [sys.executable, "-m", "tests.bench.mail.plain", str(self.sink.port)]
        running = [
            subprocess.Popen(
                [*command, str(self.mails), str(n), str(loops), how],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for n in range(loops)
        ]
        try:
            for each in running:
                assert each.stdout is not None
                each.stdout.readline()
            seconds = [float(out) for out in _all_at_once(running)]
        finally:
            for each in running:
                each.kill()
        self._count(map(str, self.outbox.ids))
        return max(seconds)

    def naive(self, workers: int, n: int) -> float:
        """One task a mail for the first `n`, which wait in the queue; from the first mail on."""
        self.sink.empty()
        wanted = [letter.parts for letter in itertools.islice(letters.read(self.mails), n)]
        naive.app.conf.update(broker_url=settings.CELERY_BROKER_URL)
        for parts in wanted:
            naive.send_one.apply_async((self.sink.port, *parts))
        command = [
            *(sys.executable, "-m", "celery", "--quiet", "-A", "tests.bench.mail.naive", "worker"),
            *("--queues", naive.QUEUE, "--hostname", "naive@%h", "--concurrency", str(workers)),
        ]
        env = {**os.environ, naive.BROKER: settings.CELERY_BROKER_URL}
        with Supervisor([Program("naive", command, env=env, cwd=ROOT)], quiet):
            _wait(lambda: not self.sink.is_empty, look=0.002)
            began = time.time()
            _wait(lambda: self.sink.counted().total() >= n, look=0.5)
        self._count(parts.row for parts in wanted)
        return self.sink.last_came_at() - began

    def _count(self, wanted: Iterable[str]) -> None:
        got = self.sink.counted()
        if got != Counter(wanted):
            raise Amiss(f"{got.total()} mails of {len(got)} messages are in the sink")


def _all_at_once(running: list[subprocess.Popen[str]]) -> list[str]:
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [each.communicate(timeout=PATIENCE)[0] for each in running]


def _wait(
    is_done: Callable[[], bool], look: float = LOOK, meanwhile: Callable[[], object] | None = None
) -> None:
    """Look again and again; `meanwhile` is called as often as beat ticks."""
    now = time.monotonic()
    deadline, tick = now + PATIENCE, now + TICK
    while not is_done():
        now = time.monotonic()
        if now > deadline:
            raise Amiss(f"not done after {PATIENCE:g} seconds")
        if meanwhile and now > tick:
            meanwhile()
            tick = now + TICK
        time.sleep(look)
