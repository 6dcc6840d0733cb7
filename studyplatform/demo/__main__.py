"""`python -m studyplatform.demo`: start everything, live through the year, export, say what came out.

`make demo` runs this. It starts from nothing each time, in a database of its own: on private
servers below var/demo, or on those of DATABASE_URL and REDIS_URL under another name.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from pathlib import Path

import django

from studyplatform import processes
from studyplatform.console_lines import quiet, write_line
from studyplatform.demo import scratch
from studyplatform.demo.people import DEAD_ADDRESS
from studyplatform.embedded import servers
from studyplatform.supervisor import Program, Supervisor

TICK_SECONDS = "2"  # the demo rings by itself when it has moved the clock
MAILS = "mails"


def main() -> int:
    """Run the demo; the exit code is 0 only when all of its checks hold."""
    options = _options()
    began = time.monotonic()
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print("Starting PostgreSQL, Valkey, web server, workers, beat and a mail sink.", flush=True)
    write = write_line if options.verbose else quiet
    with servers(folder, write=write) as given:
        port, mail_port = _free_port(), _free_port()
        env = _environment(given, port, mail_port)
        scratch.recreate_database(env["DATABASE_URL"])
        os.environ.update(env)
        django.setup()  # settings are read here, so what needs them is imported only now
        from studyplatform.demo import run

        run.prepare()
        scratch.empty(folder / MAILS)
        programs = [_sink(mail_port, folder / MAILS), *processes.all_of(env, port=port)]
        with Supervisor(programs, write=write, together=True):
            outcome = run.live(folder, seed=options.seed, n_people=options.people)
    outcome.say(seconds=time.monotonic() - began)
    return 0 if outcome.holds else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "1")))
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=Path("var/demo"))
    parser.add_argument("--verbose", action="store_true", help="show the processes' logs")
    return parser.parse_args()


def _environment(given: dict[str, str], port: int, mail_port: int) -> dict[str, str]:
    own = "DATABASE_URL" not in os.environ
    return {
        **given,
        "DATABASE_URL": given["DATABASE_URL"] if own else scratch.url_of(given["DATABASE_URL"]),
        "DJANGO_SETTINGS_MODULE": "studyplatform.settings",
        "MODE": "demo",
        "PUBLIC_ORIGIN": f"http://127.0.0.1:{port}",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}?timeout=2",
        "LEASE_SECONDS": "20",
        "MAIL_FROM": "Study office <study@example.org>",
        "TICK_SECONDS": TICK_SECONDS,
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        "PYTHONUNBUFFERED": "1",
    }


def _sink(port: int, folder: Path) -> Program:
    argv = [sys.executable, "-m", "studyplatform.demo.sink"]
    argv += ["--port", str(port), "--dir", str(folder), "--refuse", DEAD_ADDRESS]
    return Program("mail sink", argv, ready=lambda: _answers(port), cwd=processes.ROOT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
