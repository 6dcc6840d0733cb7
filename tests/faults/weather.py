"""What goes wrong in the chaos run: one fault after the other, drawn by a seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from surveys.lib.crashpoints import Point
from tests.faults.ground import Ground, Keeper
from tests.smtp import ScriptedServer

MAIL_FAULTS = (
    *("mail-421", "rcpt-450", "rcpt-451", "data-452", "end-452"),
    *("mail-hang", "rcpt-hang", "data-drop", "body-drop", "end-hang", "end-drop", "quit-hang"),
)


@dataclass
class Weather:
    """Everything that can be struck."""

    ground: Ground
    sink: ScriptedServer
    workers: list[Keeper]
    beats: list[Keeper]
    web: Keeper
    dice: random.Random
    struck: Counter[str] = field(default_factory=Counter)
    _mending: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def strike(self) -> None:
        """One fault; what has to end again ends by `mend`."""
        faults = {
            self.kill_worker: 5,
            self.crash_at_a_point: 8,
            self.pause_worker: 3,
            self.kill_beat: 1,
            self.kill_web: 1,
            self.kill_valkey: 2,
            self.silence_valkey: 1,
            self.flush_valkey: 2,
            self.kill_a_backend: 2,
            self.kill_the_postmaster: 1,
            self.trouble_mails: 10,
            self.silence_the_mail_server: 1,
            self.ring_often: 3,
        }
        fault = self.dice.choices(list(faults), weights=list(faults.values()))[0]
        self.struck[fault.__name__] += 1
        fault()

    def mend(self, *, everything: bool = False) -> None:
        """End what has lasted long enough."""
        due = [each for each in self._mending if everything or each[0] <= time.monotonic()]
        self._mending = [each for each in self._mending if each not in due]
        for _, end in due:
            end()
        if everything:
            self.ground.disarm()
            self.sink.script.clear()

    def kill_worker(self) -> None:
        self.dice.choice(self.workers).kill()

    def crash_at_a_point(self) -> None:
        self.ground.arm(self.dice.choice(list(Point)))

    def pause_worker(self) -> None:
        worker = self.dice.choice(self.workers)
        worker.pause()
        self._later(8, worker.resume)

    def kill_beat(self) -> None:
        self.dice.choice(self.beats).kill()

    def kill_web(self) -> None:
        self.web.kill()

    def kill_valkey(self) -> None:
        self.ground.valkey.kill()

    def silence_valkey(self) -> None:
        self.ground.valkey.pause()
        self._later(4, self.ground.valkey.resume)

    def flush_valkey(self) -> None:
        self._in_valkey(self.ground.flush)

    def kill_a_backend(self) -> None:
        """Through the server itself: it ends one session. kill -9 of one ends all, as below."""
        try:
            with psycopg.connect(self.ground.env["DATABASE_URL"], autocommit=True) as own:
                own.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type ="
                    " 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 3"
                )
        except psycopg.OperationalError:
            return  # it is away as it is

    def kill_the_postmaster(self) -> None:
        self.ground.postgres.kill()

    def trouble_mails(self) -> None:
        n = self.dice.randint(1, 4)
        self.sink.script.extend(self.dice.choice(MAIL_FAULTS) for _ in range(n))

    def silence_the_mail_server(self) -> None:
        fault = self.dice.choice(["ehlo-hang", "ehlo-421"])
        self.sink.always.add(fault)
        self._later(6, lambda: self.sink.always.discard(fault))

    def ring_often(self) -> None:
        self._in_valkey(lambda: self.ground.ring(n=20))

    def _later(self, most: float, end: Callable[[], None]) -> None:
        self._mending.append((time.monotonic() + self.dice.uniform(0.5, most), end))

    @staticmethod
    def _in_valkey(act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:  # it may be away or silent at this moment, and then it has no rings
            return
