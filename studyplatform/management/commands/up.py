"""`manage.py up`: the whole platform on one machine, in one terminal.

PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), tables, web, workers, beat.
It asks no database itself: everything runs in processes of its own under the supervisor.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from studyplatform import leash, processes
from studyplatform.console_lines import wants_colour, write_line
from studyplatform.embedded import TROUBLE, servers
from studyplatform.embedded.place import noted
from studyplatform.supervisor import Supervisor


class Command(BaseCommand):
    """Runs until Ctrl-C."""

    help = "Run PostgreSQL, Valkey, web, workers and beat together on this machine."
    requires_system_checks = []  # `prepare` checks, with the servers' settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 listens to everybody")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, say where everything is, wait, stop."""
        var_dir: Path = settings.VAR_DIR
        host, port = options["host"], options["port"]
        stop = StopSignals()
        try:
            with only_one(var_dir), servers(var_dir, write=write_line) as given:
                refuse_used_port(host, port)
                env = child_environment(given, port)
                login = prepare(env)
                stop.check()
                programs = processes.all_of(env, port=port, host=host)
                with Supervisor(programs, together=True) as supervisor:
                    stop.on_second(supervisor.hurry)
                    self.stdout.write(closing_block(env, login, var_dir))
                    self.stdout.flush()
                    stop.wait()
                    write_line("up", "stopping; Ctrl-C again kills")
        except TROUBLE as trouble:
            raise CommandError(str(trouble)) from trouble
        except Stopped:
            pass
        write_line("up", "stopped")


class Stopped(Exception):
    """Ctrl-C came while the platform was still starting."""


class StopSignals:
    """The first Ctrl-C, TERM or HUP asks to stop, the second one to hurry."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._hurry: list[Any] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked.is_set():
            for call in self._hurry:
                call()
        self._asked.set()

    def on_second(self, call: Any) -> None:
        """What the second signal does."""
        self._hurry.append(call)
        self.check()

    def check(self) -> None:
        """Raise Stopped if a signal came."""
        if self._asked.is_set():
            raise Stopped

    def wait(self) -> None:
        """Return at the first signal."""
        self._asked.wait()


@contextlib.contextmanager
def only_one(var_dir: Path) -> Iterator[None]:
    """One `up` per data folder; the lock goes with the process, however it ends."""
    var_dir.mkdir(parents=True, exist_ok=True)
    with (var_dir / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            who = lock.read().strip() or "?"
            raise CommandError(
                f"The platform already runs from {var_dir} as process {who}; stop it there first."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def refuse_used_port(host: str, port: int) -> None:
    """A plain sentence instead of a web server that restarts for ever."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({error.strerror}); choose another one,"
                f" for example PORT={port + 1} make up"
            ) from error


def child_environment(given: dict[str, str], port: int) -> dict[str, str]:
    """What the children get on top of our own environment, which wins where it says something."""
    defaults = {
        "MODE": "production",
        "PUBLIC_ORIGIN": f"http://127.0.0.1:{port}",
        "LOG_FORMAT": "colour" if wants_colour(sys.stdout) else "text",
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **{k: os.environ[k] for k in defaults if os.environ.get(k)}, **given}


def prepare(env: dict[str, str]) -> dict[str, str]:
    """Tables, static files and the first login, in a process that knows the servers."""
    write_line("up", "preparing tables and static files")
    command = [sys.executable, str(processes.ROOT / "manage.py"), "prepare", "--first-login"]
    done = subprocess.run(
        leash.argv(command, at_death=signal.SIGTERM),
        env={**os.environ, **env},
        cwd=processes.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; the tables are finished first
        check=False,
    )
    if done.returncode != 0:
        raise CommandError("the platform could not be prepared; the reason stands above")
    login: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return login


def closing_block(env: dict[str, str], login: dict[str, str], var_dir: Path) -> str:
    """The one block of text with all that a person needs now."""
    origin = env["PUBLIC_ORIGIN"]
    home = noted(var_dir).get("home", "")
    elsewhere = "" if not home or Path(home).is_relative_to(var_dir.resolve()) else f"and {home}"
    mail = "" if os.environ.get("EMAIL_URL") else "EMAIL_URL is not set: mails wait in the outbox"
    rows = [
        ("Researchers", f"{origin}/console/"),
        ("API", f"{origin}/api/"),
        ("Log in as", f"{login['email']}  password {login['password']}  (shown once)")
        if login
        else ("Log in", "with the accounts that exist"),
        ("Mail", mail),
        ("Data folder", f"{var_dir}  (back it up whole; secrets.json opens the personal data)"),
        ("", elsewhere),
        ("Stop", "Ctrl-C"),
    ]
    lines = [f"  {name:<12} {text}" for name, text in rows if text]
    bar = "-" * 72
    return "\n".join(["", bar, "  The study platform is running.", "", *lines, bar, ""])
