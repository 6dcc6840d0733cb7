"""Server processes that outlived their supervisor, found by the folder they work in.

A name or a stale pid file proves nothing; working in our data folder does. Only the holder of
the folder's lock may end them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("postgres", "valkey-server", "redis-server")
STEPS = (
    (signal.SIGINT, 10),
    (signal.SIGQUIT, 5),
    (signal.SIGKILL, 5),
)  # gently first, seconds each


class StillThere(RuntimeError):
    """A process in our data folder could not be ended."""


def running_in(folder: Path) -> list[int]:
    """The server processes that work in `folder`."""
    return _by_proc(folder) if sys.platform == "linux" else _by_ps(folder)


def end(folder: Path) -> list[int]:
    """End the server processes that work in `folder`; returns those that were found.

    Backends whose postmaster is gone do not listen to SIGINT, so they wait one step longer.
    """
    found = running_in(folder)
    for step, seconds in STEPS:
        left = running_in(folder)
        if not left:
            return found
        for pid in left:
            _signal(pid, step)
        deadline = time.monotonic() + (1 if _is_headless(folder, left) else seconds)
        while running_in(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
    if left := running_in(folder):
        raise StillThere(f"processes {left} still work in {folder} and cannot be ended")
    return found


def _signal(pid: int, step: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        try:
            os.kill(pid, step)
        except PermissionError as error:
            raise StillThere(
                f"process {pid} belongs to another user; end it as that user"
            ) from error


def _is_headless(folder: Path, pids: list[int]) -> bool:
    """Whether the postmaster is not among the processes."""
    try:
        postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return False
    return postmaster not in pids


def _by_proc(folder: Path) -> list[int]:
    """With /proc: the kernel tells where a process works and which program it runs."""
    target = str(folder.resolve())
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if _works_in(pid, target)]


def _works_in(pid: int, target: str) -> bool:
    try:
        if os.readlink(f"/proc/{pid}/cwd") != target:
            return False
        program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return False
    return os.path.basename(program) in PROGRAMS


def _by_ps(folder: Path) -> list[int]:
    """Without /proc: the server's own command line names its data folder."""
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.strip().partition(" ") for line in listing.splitlines())
    return [
        int(pid)
        for pid, _, command in rows
        if str(folder) in command and any(name in command for name in PROGRAMS)
    ]
