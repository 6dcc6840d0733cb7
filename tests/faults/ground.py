"""Real servers and real processes of the platform, each of which can be killed and brought back.

    with ground.worker(sink) as worker:
        worker.kill()            # kill -9 of the whole worker; its supervisor starts it again
        ground.postgres.kill()

The servers are durable as in production, and everything listens on sockets or on the loopback.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg
import redis
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections

from studyplatform import env as environment
from studyplatform import processes
from studyplatform.celery import app
from studyplatform.embedded import account, keys, leftovers, place, postgres, programs, valkey
from studyplatform.embedded.place import Place
from studyplatform.supervisor import Program, Supervisor
from surveys.lib.crashpoints import Point
from tests.faults.stage import Stage
from tests.integration.studyplatform.servers_at_hand import free_port
from tests.smtp import ScriptedServer

TICK_SECONDS = 0.5
EVERYDAY = Stage()
NOTHING: Mapping[str, str] = {}


def until(
    condition: Callable[[], bool], seconds: float = 30, what: str | Callable[[], str] = "it"
) -> None:
    """Wait until it holds; a database that is away for a moment is no answer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except (psycopg.OperationalError, django_errors()):
            connection.close()
        if time.monotonic() > deadline:
            told = what if isinstance(what, str) else what()
            raise AssertionError(f"{told} did not happen within {seconds:g} s")
        time.sleep(0.05)


def django_errors() -> type[Exception]:
    """What Django raises when the database is gone."""
    from django.db import Error

    return Error


class Keeper:
    """One program under a supervisor of its own."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.said: list[str] = []
        self._supervisor = self._new()

    def _new(self) -> Supervisor:
        return Supervisor([self.program], write=lambda _, line: self.said.append(line))

    def start(self) -> None:
        """Start it, also after `stop` or `crash`."""
        self._supervisor = self._new()
        self._supervisor.start()

    def stop(self) -> None:
        """Stop it gently."""
        self.resume()
        self._supervisor.stop()

    def kill(self) -> None:
        """kill -9 of it and its children; it comes back by itself."""
        self._supervisor.kill(self.program.name)

    def crash(self) -> None:
        """kill -9, and nobody starts it again before `start`."""
        self.kill()
        self._supervisor.stop()

    def pause(self) -> None:
        """SIGSTOP for it and its children."""
        os.killpg(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        with contextlib.suppress(ProcessLookupError, LookupError):
            os.killpg(self.pid, signal.SIGCONT)

    def terminate(self) -> None:
        """SIGTERM to the program alone, as an operator or a deployment would."""
        os.kill(self.pid, signal.SIGTERM)

    @property
    def pid(self) -> int:
        """Its main process."""
        return self._supervisor.pid(self.program.name)

    @property
    def is_alive(self) -> bool:
        """Whether it runs at this moment."""
        return self._supervisor.alive()

    def children(self) -> list[int]:
        """Its child processes, by what the kernel says."""
        return [
            int(pid)
            for task in Path(f"/proc/{self.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]

    def __enter__(self) -> Keeper:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()
        if kind is not None:
            sys.stderr.write("\n".join([f"--- {self.program.name}", *self.said[-40:], ""]))


@dataclass
class Ground:
    """The servers of a test session, and the processes that it starts on them."""

    where: Place
    env: dict[str, str]
    armed: Path
    postgres: Keeper
    valkey: Keeper
    n_started: int = 0

    def __post_init__(self) -> None:
        """The beat that rings all the time; pause it where a test must do without."""
        self.ticker = self.beat()

    def worker(
        self,
        sink: ScriptedServer | None,
        *,
        pool: str = "prefork",
        concurrency: int = 1,
        stage: Stage = EVERYDAY,
        port: int = 0,
        env: Mapping[str, str] = NOTHING,
    ) -> Keeper:
        """A worker for mails; with the pool `solo` it is one single process."""
        if sink is not None:
            port = sink.port
        mail = f"smtp://127.0.0.1:{port}?timeout={stage.mail_timeout}"
        given = {**self.env, "EMAIL_URL": mail, **stage.as_env(), **env}
        options = ("--pool", pool, "--concurrency", str(concurrency))
        return self._staged(processes.sender(given), *options)

    def planner(self, *, stage: Stage = EVERYDAY, env: Mapping[str, str] = NOTHING) -> Keeper:
        """A worker for sweeps."""
        return self._staged(processes.planner({**self.env, **stage.as_env(), **env}))

    def beat(self) -> Keeper:
        """A beat; several do no harm."""
        return self._staged(processes.beat({**self.env, **EVERYDAY.as_env()}))

    def web(self, *, stage: Stage = EVERYDAY, env: Mapping[str, str] = NOTHING) -> Keeper:
        """The web server, at PUBLIC_ORIGIN."""
        port = int(self.env["PUBLIC_ORIGIN"].rpartition(":")[2])
        return self._staged(processes.web({**self.env, **stage.as_env(), **env}, port=port))

    def _staged(self, program: Program, *options: str) -> Keeper:
        self.n_started += 1
        name = f"{program.name}{self.n_started}"
        sign = Path(self.env["VAR_DIR"]) / f"{name}.ready"
        argv = [sys.executable, "-m", "tests.faults.stage", *program.argv[2:], *options]
        if "worker" in argv:
            argv += ["--hostname", f"{name}@fault"]
        is_web = program.name == "web"
        return Keeper(
            replace(
                program,
                name=name,
                argv=argv,
                env={**program.env, processes.READY_FILE: str(sign)},
                ready=program.ready if is_web else sign.exists,
                prepare=lambda: sign.unlink(missing_ok=True),
            )
        )

    def arm(self, point: Point) -> None:
        """Let the next process that gets there die."""
        (self.armed / point).touch()

    def has_crashed(self, point: Point) -> bool:
        """Whether somebody got there since."""
        return not (self.armed / point).exists()

    def crash_at(self, point: Point, seconds: float = 30) -> None:
        """Arm the point and wait until somebody died there."""
        self.arm(point)
        until(lambda: self.has_crashed(point), seconds, f"a crash at {point}")

    def disarm(self) -> None:
        """Nobody dies any more."""
        for file in self.armed.iterdir():
            file.unlink(missing_ok=True)

    def ring(self, task: str = "surveys.tasks.deliver", n: int = 1, **options: Any) -> None:
        """Ask for a task, as a beat would, `n` times."""
        with app.connection_for_write(environment.broker(self.env["REDIS_URL"])) as line:
            voice = app.amqp.Producer(line, auto_declare=False)
            for _ in range(n):
                app.send_task(task, producer=voice, **options)

    @property
    def keyspace(self) -> redis.Redis:
        """Valkey's own view."""
        return redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=5)

    def flush(self) -> None:
        """FLUSHALL."""
        with self.keyspace as client:
            client.flushall()

    def empty(self) -> None:
        """No rows, no tasks, no armed points."""
        self.disarm()
        self.flush()
        tables = [
            model._meta.db_table
            for model in apps.get_models()
            if model._meta.app_label in {"surveys", "analytics", "knox"}
        ]
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")

    def backends(self) -> list[int]:
        """The database server's processes for clients other than this one."""
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as own:
            found = own.execute(f"{query} AND pid <> pg_backend_pid()").fetchall()
        return [pid for (pid,) in found]

    def postmaster(self) -> int:
        """The database server's first process."""
        return int((postgres.data_dir(self.where) / "postmaster.pid").read_text().split()[0])


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[Ground]:
    """Start the servers in `folder`, make the tables, and let Django in this process use them."""
    who = account.choose()
    where = place.prepare(folder / "var", who)
    found = programs.find(who)
    armed = folder / "armed"
    armed.mkdir()
    ground = Ground(
        where,
        _environment(folder, where, armed),
        armed,
        Keeper(postgres.program(where, found, durable=True)),
        Keeper(valkey.program(where, found, durable=True)),
    )
    try:
        ground.postgres.start()
        ground.valkey.start()
        with _database_at(where.database_url):
            call_command("migrate", verbosity=0)
            _let_tables_be_emptied()
            ground.ticker.start()
            yield ground
    finally:
        ground.ticker.stop()
        ground.valkey.stop()
        ground.postgres.stop()
        leftovers.end(postgres.data_dir(where))
        leftovers.end(valkey.data_dir(where))
        where.remove()


def _environment(folder: Path, where: Place, armed: Path) -> dict[str, str]:
    secrets = {name: os.environ[name] for name in keys.NAMES}  # links must open here and there
    return {
        **secrets,
        "MODE": "test",
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": where.database_url,
        "REDIS_URL": where.redis_url,
        "PUBLIC_ORIGIN": f"http://127.0.0.1:{free_port()}",
        "MAIL_FROM": "Studies <studies@host.example>",
        "TICK_SECONDS": str(TICK_SECONDS),
        "CRASH_AT": str(armed),
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "studyplatform.settings",
        "PYTHONUNBUFFERED": "1",
    }


@contextlib.contextmanager
def _database_at(url: str) -> Iterator[None]:
    """Have every thread of this process talk to this database instead of the usual one."""
    told: dict[str, Any] = connections.settings["default"]
    before = dict(told)
    connection.close()
    told.update(
        {name: value for name, value in environment.database(url).items() if name != "ENGINE"}
    )
    try:
        yield
    finally:
        connection.close()
        told.update(before)


def _let_tables_be_emptied() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE surveys_event DISABLE TRIGGER event_is_not_emptied")
        cursor.execute(
            "ALTER TABLE surveys_submission DISABLE TRIGGER final_submissions_are_not_emptied"
        )


def is_up(env: Mapping[str, str], path: str = "healthz") -> bool:
    """Whether the web server answers with a success."""
    try:
        return httpx.get(f"{env['PUBLIC_ORIGIN']}/{path}", timeout=5).is_success
    except httpx.TransportError:
        return False
