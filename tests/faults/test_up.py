"""`manage.py up` as people run it: kill -9 of each process, of the supervisor, of everything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.faults.listing import below
from tests.integration.studyplatform.servers_at_hand import (
    everybody,
    free_port,
    is_there,
    kill_all,
    open_folder,
)

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
OURS = {"DATABASE_URL", "REDIS_URL", "MODE", "VAR_DIR", "PUBLIC_ORIGIN", "DJANGO_SETTINGS_MODULE"}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@dataclass
class Platform:
    """One running `up`."""

    var_dir: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def children(self) -> list[int]:
        """Every process below `up`, however deep, by what the kernel says."""
        return [process.pid for process in below(self.process.pid)]

    def ready(self, path: str = "readyz") -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/{path}", timeout=10).is_success
        except httpx.TransportError:
            return False


@contextlib.contextmanager
def up(var_dir: Path, port: int) -> Iterator[Platform]:
    log = var_dir.parent / f"up-{time.monotonic_ns()}.log"
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env |= {"VAR_DIR": str(var_dir), "TICK_SECONDS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(port)],
            cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    platform = Platform(var_dir, port, process, log)
    try:
        until(lambda: "Ctrl-C" in platform.said or process.poll() is not None, 120)
        assert process.poll() is None, platform.said
        yield platform
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.fixture
def var_dir() -> Iterator[Path]:
    with open_folder() as made:
        yield made / "a var"


def test_every_killed_process_comes_back_and_the_platform_is_ready_again(var_dir: Path) -> None:
    with up(var_dir, free_port()) as platform:
        until(platform.ready)
        assert "admin@localhost" in platform.said
        for name in ("web", "planner", "sender", "exporter", "beat", "postgres", "valkey"):
            named = {p.name: p.pid for p in reversed(below(platform.process.pid))}
            assert name in named
            kill_all([named[name]])
            until(lambda name=name: f"{name:<9}| ended with" in platform.said)  # type: ignore[misc]  # bound
            until(platform.ready)
        everyone = platform.children()
    assert platform.process.returncode == 0
    assert not any(is_there(pid) for pid in everyone)


def test_after_kill_9_of_everything_it_starts_again_at_once(var_dir: Path) -> None:
    port = free_port()
    with up(var_dir, port) as platform:
        until(platform.ready)
        kill_all([platform.process.pid, *platform.children()])
        platform.process.wait()
    with up(var_dir, port) as again:
        until(again.ready)
        assert "admin@localhost" not in again.said  # the login is there already


def test_after_kill_9_of_the_supervisor_nothing_stays_and_it_starts_again(var_dir: Path) -> None:
    port = free_port()
    with up(var_dir, port) as platform:
        until(platform.ready)
        everyone = platform.children()
        kill_all([platform.process.pid])
        platform.process.wait()
        if sys.platform == "linux":
            until(lambda: not any(is_there(pid) for pid in everyone))
    with up(var_dir, port) as again:
        until(again.ready)
        assert everybody(var_dir)


def test_a_second_one_says_plainly_that_the_first_one_runs(var_dir: Path) -> None:
    with up(var_dir, free_port()) as platform:
        env = {name: value for name, value in os.environ.items() if name not in OURS}
        second = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(free_port())],
            cwd=ROOT, env={**env, "VAR_DIR": str(var_dir)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert second.returncode != 0
        assert f"already runs from {var_dir} as process {platform.process.pid}" in second.stderr
