"""Two questions of an operator: does the process live (/healthz), and can it work (/readyz)?

Answers name the part and the trouble in a few words, and nothing about any person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse

from surveys.lib import clock
from surveys.lib.models import Heartbeat
from surveys.messaging import breaker, claims, holding
from surveys.safety import queries as safety

LATE = timedelta(minutes=15)
PATIENCE_TO_CONNECT = 2  # seconds; the least that the driver knows
PATIENCE_TO_ASK = 1500  # milliseconds a statement
AWAY = "the database cannot be asked"
NOTICES = "notices"
Check: TypeAlias = Callable[[], Iterator[str]]


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything that the platform needs is there, else 503 with the reasons.

    That mail is late, kept back or its server silent is said, and is no reason: people can still
    answer, and a proxy that asks here must not send them away.
    """
    found = _asked({**CHECKS, NOTICES: _patiently(mail)})
    notices = found.pop(NOTICES)
    is_ready = not any(found.values())
    body = {
        "ready": is_ready,
        "checks": {name: why or ["ok"] for name, why in found.items()},
        "notices": notices,
    }
    return JsonResponse(body, status=200 if is_ready else 503)


def _asked(checks: Mapping[str, Check]) -> dict[str, list[str]]:
    """What each says. Whoever asks wants to know soon: a database that kept one check waiting is
    not asked again.
    """
    found: dict[str, list[str]] = {}
    is_away = False
    for name, check in checks.items():
        try:
            found[name] = [AWAY] if is_away and check is not broker else list(check())
        except (DatabaseError, InterfaceError):
            found[name], is_away = [AWAY], True
    return found


def database() -> Iterator[str]:
    """PostgreSQL lets us in and answers, on a connection that is not one of a better time."""
    probe = connection.copy()
    probe.settings_dict["OPTIONS"]["connect_timeout"] = PATIENCE_TO_CONNECT
    try:
        with probe.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        probe.close()
    yield from ()


def _patiently(check: Check) -> Check:
    """The check in a transaction in which no statement waits for long, as for a migration's lock."""

    def patient() -> Iterator[str]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_TO_ASK}")
            yield from check()

    return patient


def broker() -> Iterator[str]:
    """Redis or Valkey answers."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=None
    )
    try:
        client.ping()
    except redis.RedisError as error:
        yield f"the broker cannot be reached ({type(error).__name__})"
    finally:
        client.close()


def migrations() -> Iterator[str]:
    """The tables are those of this version."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield f"{len(missing)} migrations are not applied; run `manage.py migrate`"


def beat() -> Iterator[str]:
    """Every periodic job finished lately, by the database's real clock."""
    rows = Heartbeat.objects.annotate(age=Now() - F("beaten_at"))
    ages: Mapping[str, timedelta] = dict(rows.values_list("job", "age"))
    for name, job in settings.JOBS.items():
        if name not in ages:
            yield f"{name} has never run; are beat and a worker running?"
        elif ages[name].total_seconds() > job.silent:
            yield f"{name} last ran {ages[name].total_seconds():.0f} s ago"


def outbox() -> Iterator[str]:
    """No message is overdue that could be sent; what waits by design is not late."""
    if n_late := claims.n_ready(now=clock.now() - LATE):
        yield f"{n_late} messages are more than {LATE.total_seconds() / 60:.0f} minutes late"


def mail() -> Iterator[str]:
    """What is late, and why no mail goes out as far as that was decided."""
    yield from outbox()
    hold = holding.current()
    if hold is not None:
        yield f"sending is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    yield from breaker.silent_servers()
    yield from safety.notices()


CHECKS: Mapping[str, Check] = {
    "database": database,
    "broker": broker,
    "migrations": _patiently(migrations),
    "beat": _patiently(beat),
}
