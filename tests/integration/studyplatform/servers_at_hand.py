"""Private servers inside a test's folder, whatever the environment names, with a switch."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from studyplatform.embedded import account, leftovers, place, postgres, programs
from studyplatform.supervisor import Supervisor


@dataclass(frozen=True)
class OwnServers:
    """Where they answer, and how PostgreSQL is stopped for good."""

    env: dict[str, str]
    stop_database: Callable[[], None]


@contextlib.contextmanager
def run_servers(folder: Path) -> Iterator[OwnServers]:
    """A PostgreSQL of the test's own that nobody starts again."""
    open_to_servers(folder)
    who = account.choose()
    where = place.prepare(folder / "var", who)
    supervisor = Supervisor(
        [postgres.program(where, programs.find(who), durable=False)], write=lambda *_: None
    )
    supervisor.start()
    env = {"VAR_DIR": str(folder / "var"), "DATABASE_URL": where.database_url}
    try:
        yield OwnServers(env, supervisor.stop)
    finally:
        supervisor.stop()
        leftovers.end(postgres.data_dir(where))
        where.remove()


def open_to_servers(folder: Path) -> None:
    """pytest's folders are closed to other accounts; root's servers must get through."""
    if os.getuid() == 0:
        for parent in (folder, *folder.parents):
            if "pytest" in parent.name:
                parent.chmod(parent.stat().st_mode | 0o011)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def without_given_servers() -> Iterator[None]:
    """As if neither DATABASE_URL nor REDIS_URL were set."""
    rest = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    with mock.patch.dict(os.environ, rest, clear=True):
        yield


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
