"""The platform's processes, ready for a supervisor: web, planner, sender, exporter, beat."""

from __future__ import annotations

import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from studyplatform.supervisor import Program

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 60  # a mail server may take 30 s for one mail, and a broker that hangs 20 s to leave
READY_FILE = "READY_FILE"  # a worker and a beat touch the file of this name when they are ready


def all_of(env: Mapping[str, str], *, port: int, host: str = "127.0.0.1") -> list[Program]:
    """All five, none of which needs another to start; `env` holds DATABASE_URL, REDIS_URL, VAR_DIR."""
    return [web(env, port=port, host=host), planner(env), sender(env), exporter(env), beat(env)]


def web(env: Mapping[str, str], *, port: int, host: str = "127.0.0.1") -> Program:
    """gunicorn, ready when /healthz answers."""
    here = "127.0.0.1" if host in {"0.0.0.0", "127.0.0.1"} else host  # noqa: S104 -- compared only
    return Program(
        "web",
        _python("gunicorn", "-c", "python:studyplatform.webserver", "studyplatform.wsgi"),
        env={**env, "BIND": f"{host}:{port}"},
        ready=lambda: _is_healthy(here, port),
        cwd=ROOT,
    )


def planner(env: Mapping[str, str]) -> Program:
    """The worker for sweeps and reconciliation; two at a time, as reconciling takes long.

    A process of its own, for which some 90 MB and two seconds of start are the price: among slots
    shared with the sender, as many slow deliveries as there are slots would hold up every sweep.
    """
    return _worker("planner", "planning", env, concurrency=2)


def sender(env: Mapping[str, str], *, concurrency: int = 2) -> Program:
    """The worker for mails."""
    return _worker("sender", "sending", env, concurrency)


def exporter(env: Mapping[str, str]) -> Program:
    """The worker for exports, apart, so that no sweep and no mail waits for a long one."""
    return _worker("exporter", "exports", env, concurrency=1)


def beat(env: Mapping[str, str]) -> Program:
    """The ticking beat; two of them do no harm."""
    return _celery("beat", ("beat", "--pidfile="), env)


def _worker(name: str, queue: str, env: Mapping[str, str], concurrency: int) -> Program:
    """A Celery worker. SIGTERM lets running tasks end; a delivery ends after its present mail.

    What is killed after that time comes back: the next tick rings for it.
    """
    options = ("--queues", queue, "--hostname", f"{name}@%h", "--concurrency", str(concurrency))
    # Events nobody reads; with the broker gone, a heartbeat keeps a stopping worker for ever.
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return _celery(name, ("worker", *options, *quiet), env, stop_seconds=STOP_SECONDS)


def _celery(
    name: str, options: tuple[str, ...], env: Mapping[str, str], *, stop_seconds: float = 30
) -> Program:
    sign = Path(env["VAR_DIR"]) / "run" / f"{name}-{os.getpid()}.ready"

    def prepare() -> None:
        sign.parent.mkdir(parents=True, exist_ok=True)
        sign.unlink(missing_ok=True)

    return Program(
        name,
        _python("celery", "--quiet", "-A", "studyplatform", *options),
        env={**env, READY_FILE: str(sign)},
        ready=sign.exists,
        prepare=prepare,
        stop_seconds=stop_seconds,
        cwd=ROOT,
    )


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _is_healthy(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
