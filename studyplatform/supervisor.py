"""Keeps programs running: started in order by readiness, restarted when they end, stopped cleanly.

Used by `manage.py up`, by the demo, and by `embedded` for PostgreSQL and Valkey:

    with Supervisor([Program("web", ["gunicorn", ...], ready=lambda: answers(url))]) as running:
        running.kill("web")     # comes back by itself

Every program runs on a leash (see leash.py) in its own session, so that none is left behind.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from studyplatform import leash
from studyplatform.console_lines import Write, write_line

BACK_OFF = (0.2, 1, 2, 5, 10, 30)
HEALTHY_SECONDS = 60
LOOK_SECONDS = 0.1


class DidNotStart(RuntimeError):
    """A program ended, or was not ready in time; the message holds its last lines."""

    def __init__(self, program: str, what: str) -> None:
        super().__init__(f"{program} {what}")
        self.program = program


@dataclass(frozen=True)
class Program:
    """One program. `env` is laid over our own environment; `log` takes its output off the screen.

    `prepare` runs before every start, also before a restart. `uid` and `gid` are who it runs as.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    prepare: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30
    start_seconds: float = 60
    cwd: Path | None = None
    log: Path | None = None
    uid: int = leash.NOBODY_NEW
    gid: int = leash.NOBODY_NEW


class _Child:
    """One program's present process and its history."""

    def __init__(self, program: Program, write: Write) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.n_failures = 0
        self.started_at = self.stop_by = 0.0
        self.start_again_at: float | None = None
        self.tail: deque[str] = deque(maxlen=30)
        self._write = write

    def spawn(self) -> None:
        program = self.program
        if program.prepare:
            program.prepare()
        command = leash.argv(
            program.argv, at_death=program.stop_signal, uid=program.uid, gid=program.gid
        )
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(program.log.open("ab")) if program.log else subprocess.PIPE
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **program.env},
                cwd=program.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor alone
            )
        self.started_at = time.monotonic()
        self.start_again_at = None
        if self.process.stdout:
            threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, output: IO[bytes]) -> None:
        with output:
            for raw in output:
                line = raw.decode(errors="replace").rstrip()
                self.tail.append(line)
                self._write(self.program.name, line)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def last_lines(self) -> str:
        if self.program.log and self.program.log.exists():
            lines = self.program.log.read_text(errors="replace").splitlines()
        else:
            time.sleep(LOOK_SECONDS)  # the reader may lag behind
            lines = list(self.tail)
        return "\n".join(f"  {line}" for line in lines[-15:])

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.program.stop_signal)
            self.stop_by = time.monotonic() + self.program.stop_seconds

    def end(self, *, hurry: Callable[[], bool]) -> None:
        """Kill its whole group when it has stopped, after the time allowed, or at once in a hurry."""
        while self.is_running and time.monotonic() < self.stop_by and not hurry():
            time.sleep(LOOK_SECONDS / 2)
        self.kill()

    def kill(self) -> None:
        """SIGKILL for the program and everything left in its group."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Runs the programs; use it as a context manager or call `start` and `stop`.

    `together`: none needs another to start or to stop, so nobody waits for the one before.
    """

    def __init__(
        self, programs: Sequence[Program], write: Write = write_line, *, together: bool = False
    ) -> None:
        self._write = write
        self._together = together
        self._children = {program.name: _Child(program, write) for program in programs}
        self._stopping = threading.Event()
        self._hurry = False
        self._lock = threading.RLock()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start all in order, each when the one before is ready; raises DidNotStart."""
        try:
            for group in self._groups():
                for child in group:
                    child.spawn()
                for child in group:
                    self._await_ready(child)
        except BaseException:
            self.stop()
            raise
        self._watcher.start()

    def stop(self) -> None:
        """Stop all in reverse order; may be called twice."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for group in reversed(self._groups()):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.end(hurry=lambda: self._hurry)

    def _groups(self) -> list[list[_Child]]:
        children = list(self._children.values())
        return [children] if self._together else [[child] for child in children]

    def hurry(self) -> None:
        """Stop waiting for programs that take their time to stop: kill them."""
        self._hurry = True

    def alive(self, name: str | None = None) -> bool:
        """Whether the named program runs, or all of them."""
        with self._lock:
            children = [self._children[name]] if name else self._children.values()
            return all(child.is_running for child in children)

    def pid(self, name: str) -> int:
        """The named program's present process."""
        with self._lock:
            process = self._children[name].process
            if process is None:
                raise LookupError(f"{name} was not started")
            return process.pid

    def kill(self, name: str) -> None:
        """SIGKILL the named program and its group, as a crash would; it starts again by itself."""
        with self._lock:
            self._children[name].kill()

    def _await_ready(self, child: _Child) -> None:
        name, seconds = child.program.name, child.program.start_seconds
        deadline = time.monotonic() + seconds
        while child.program.ready and not child.program.ready():
            if not child.is_running:
                raise DidNotStart(name, f"did not start:\n{child.last_lines()}")
            if time.monotonic() > deadline:
                late = f"is not ready after {seconds:g} seconds:\n{child.last_lines()}"
                raise DidNotStart(name, late)
            if self._stopping.wait(LOOK_SECONDS / 2):
                raise DidNotStart(name, "was stopped while it started")

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            for child in self._children.values():
                with self._lock:
                    self._look_after(child)

    def _look_after(self, child: _Child) -> None:
        if child.is_running:
            if time.monotonic() - child.started_at > HEALTHY_SECONDS:
                child.n_failures = 0
        elif child.start_again_at is None:
            self._note_end(child, f"ended with {child.process.poll() if child.process else '?'}")
        elif time.monotonic() >= child.start_again_at:
            try:
                child.spawn()
            except Exception as error:
                self._note_end(child, f"did not start: {error}")

    def _note_end(self, child: _Child, what: str) -> None:
        seconds = BACK_OFF[min(child.n_failures, len(BACK_OFF) - 1)]
        child.n_failures += 1
        child.kill()  # nothing of its group may stay behind
        child.start_again_at = time.monotonic() + seconds
        self._write(child.program.name, f"{what}; starting again in {seconds:g} s")
