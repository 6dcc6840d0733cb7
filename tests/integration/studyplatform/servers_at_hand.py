"""Private servers inside a test's folder, whatever the environment names, with a switch."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import psycopg
import redis

from studyplatform.embedded import account, leftovers, place, postgres, programs
from studyplatform.supervisor import Supervisor


@dataclass(frozen=True)
class OwnServers:
    """Where they answer, and how PostgreSQL is stopped for good."""

    env: dict[str, str]
    stop_database: Callable[[], None]
    database_pid: Callable[[], int]


@contextlib.contextmanager
def run_servers(folder: Path) -> Iterator[OwnServers]:
    """A PostgreSQL of the test's own that nobody starts again."""
    who = account.choose()
    where = place.prepare(folder / "var", who)
    supervisor = Supervisor(
        [postgres.program(where, programs.find(who), durable=False)], write=lambda *_: None
    )
    supervisor.start()
    env = {"VAR_DIR": str(folder / "var"), "DATABASE_URL": where.database_url}
    try:
        yield OwnServers(env, supervisor.stop, lambda: supervisor.pid("postgres"))
    finally:
        supervisor.stop()
        leftovers.end(postgres.data_dir(where))
        where.remove()


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that another account can pass; pytest closes its own to all but us."""
    with tempfile.TemporaryDirectory(prefix="studyplatform-test-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            for note in folder.rglob(place.NOTE):
                shutil.rmtree(sockets_of(place.noted(note.parent)), ignore_errors=True)


@contextlib.contextmanager
def hanging(pid: int) -> Iterator[None]:
    """A server and its children take connections and say nothing, until the end of the block."""
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = [pid, *(child for child, parent in pairs if parent == pid)]
    for each in family:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in family:
            os.kill(each, signal.SIGCONT)


def sockets_of(env: Mapping[str, str]) -> Path:
    """The folder of the servers' sockets."""
    return Path(unquote(env["REDIS_URL"].removeprefix("unix://").partition("?")[0])).parent


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def is_there(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def kill_all(pids: list[int]) -> None:
    """kill -9 for each, by number."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def note(env: Mapping[str, str], text: str) -> None:
    """Leave a trace in both servers."""
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS noted (text text)")
        connection.execute("INSERT INTO noted VALUES (%s)", [text])
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        client.set(text, "here")
    time.sleep(1.1)  # Valkey writes to disk every second


def noted(env: Mapping[str, str], text: str) -> tuple[bool, bool]:
    """Whether PostgreSQL and Valkey still hold it."""
    with psycopg.connect(env["DATABASE_URL"]) as connection:
        in_postgres = connection.execute("SELECT 1 FROM noted WHERE text = %s", [text]).fetchone()
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        return bool(in_postgres), client.get(text) == b"here"


def everybody(var_dir: Path) -> list[int]:
    """All processes of the servers of this folder."""
    home = Path(place.noted(var_dir)["home"])
    return leftovers.running_in(home / "postgres") + leftovers.running_in(home / "valkey")
