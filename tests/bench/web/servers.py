"""The platform's own web server, as `make up` runs it, for any Django application."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import ROOT
from tests.integration.studyplatform.servers_at_hand import free_port

START_SECONDS = 60


@contextmanager
def web_server(database_url: str, application: str) -> Iterator[tuple[int, int]]:
    """The port and the process of a gunicorn that serves; it is stopped afterwards."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:studyplatform.webserver",
         application],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
            "BIND": f"127.0.0.1:{port}",
            "LOG_LEVEL": "WARNING",  # both without access lines
        },
        stdout=sys.stderr,
    )  # fmt: skip
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=START_SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the web server ended with {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web server did not answer")


def peak_mb(pid: int) -> float:
    """The most memory of any process of the server, in MB; 0 where /proc is missing."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            pids = [pid, *map(int, file.read().split())]
        return max(_peak(each) for each in pids)
    except OSError:
        return 0.0


def _peak(pid: int) -> float:
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))
