"""kill -9 of the private servers and of whoever runs them: the next start works at once."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psycopg
import pytest
import redis

from studyplatform.embedded import leftovers, place, servers
from tests.integration.studyplatform.servers_at_hand import (
    everybody,
    is_there,
    kill_all,
    note,
    noted,
    open_folder,
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with open_folder() as made:
        yield made


def test_killed_servers_come_back_by_themselves(folder: Path) -> None:
    with servers(folder) as env:
        note(env, "kept")
        killed = everybody(folder)
        kill_all(killed)
        deadline = time.monotonic() + 20
        while True:
            try:
                assert noted(env, "kept") == (True, True)
                break
            except (psycopg.OperationalError, redis.RedisError):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert not set(killed) & set(everybody(folder))


def hold(var_dir: str, ready: str) -> None:
    """In a process of its own: run the servers until killed."""
    with servers(Path(var_dir)) as env:
        note(env, "kept")
        Path(ready).touch()
        time.sleep(100)


def start_holder(folder: Path) -> SpawnProcess:
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    process = multiprocessing.get_context("spawn").Process(
        target=hold, args=(str(folder / "var"), str(ready)), daemon=True
    )
    process.start()
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def test_after_kill_9_of_everything_the_next_start_works_at_once(folder: Path) -> None:
    process = start_holder(folder)
    home = Path(place.noted(folder / "var")["home"])
    everyone = leftovers.running_in(home / "postgres") + leftovers.running_in(home / "valkey")
    assert process.pid is not None
    kill_all([process.pid, *everyone])
    process.join()
    with servers(folder / "var") as env:
        assert noted(env, "kept") == (True, True)


def test_after_kill_9_of_the_supervisor_alone_the_next_start_works_at_once(folder: Path) -> None:
    process = start_holder(folder)
    assert process.pid is not None
    kill_all([process.pid])
    process.join()
    with servers(folder / "var") as env:
        assert noted(env, "kept") == (True, True)


def test_after_kill_9_of_the_postmaster_its_children_do_not_stand_in_the_way(folder: Path) -> None:
    process = start_holder(folder)
    home = Path(place.noted(folder / "var")["home"])
    postmaster = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    url = place.noted(folder / "var")["DATABASE_URL"]
    busy = subprocess.Popen(  # a backend that looks at nothing but its own work for a while
        [
            sys.executable,
            "-c",
            "import psycopg, sys; psycopg.connect(sys.argv[1])"
            ".execute('SELECT count(*) FROM generate_series(1, 2000000000)')",
            url,
        ],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(0.5)
    assert process.pid is not None
    kill_all([process.pid, postmaster])
    process.join()
    with servers(folder / "var") as env:
        assert noted(env, "kept") == (True, True)
    assert busy.wait(timeout=10) != 0


def test_a_second_user_of_the_folder_shares_the_running_servers(folder: Path) -> None:
    process = start_holder(folder)
    said: list[str] = []
    with servers(folder / "var", write=lambda _, line: said.append(line)) as env:
        assert noted(env, "kept") == (True, True)
        shared = everybody(Path(env["VAR_DIR"]))
    assert said == [f"already run by process {process.pid}; using those"]
    assert all(is_there(pid) for pid in shared)
    process.terminate()
    process.join()
