"""/readyz tells every reason why the platform cannot work."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from pytest_django import Settings

from surveys.design.models import Study
from surveys.lib import clock
from surveys.lib.models import Heartbeat
from surveys.messaging.models import MailServer, SendingHold
from tests import world

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.integration.studyplatform.urls_with_trouble"),
]


def ask() -> tuple[int, dict[str, list[str]]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["checks"]


def all_jobs_beat(*, age: timedelta = timedelta(0)) -> None:
    now = clock.now()
    for job in django_settings.JOBS:
        Heartbeat.objects.update_or_create(
            job=job, defaults={"beaten_at": now - age, "study_now": now}
        )


def test_ready_when_all_is_well() -> None:
    all_jobs_beat()
    status, checks = ask()
    assert (status, set(map(tuple, checks.values()))) == (200, {("ok",)})


def test_a_beat_that_never_ran() -> None:
    status, checks = ask()
    assert status == 503
    assert checks["beat"][0].startswith("sweep has never run")


def test_a_beat_that_stopped() -> None:
    all_jobs_beat(age=timedelta(minutes=5))
    status, checks = ask()
    assert status == 503
    assert checks["beat"][:2] == ["sweep last ran 300 s ago", "deliver last ran 300 s ago"]


def test_each_job_has_its_own_patience() -> None:
    jobs = django_settings.JOBS
    assert jobs["adopt"].silent > jobs["sweep"].silent
    all_jobs_beat(age=timedelta(seconds=(jobs["adopt"].silent + jobs["sweep"].silent) / 2))
    _, checks = ask()
    late = {line.split()[0] for line in checks["beat"]}
    assert "sweep" in late
    assert "adopt" not in late


def test_a_broker_that_is_away(settings: Settings) -> None:
    all_jobs_beat()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    status, checks = ask()
    assert status == 503
    assert checks["broker"] == ["the broker cannot be reached (ConnectionError)"]
    assert checks["database"] == ["ok"]


def test_a_migration_that_is_missing() -> None:
    all_jobs_beat()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'analytics'")
    status, checks = ask()
    assert status == 503
    assert "migrations are not applied" in checks["migrations"][0]


@pytest.mark.parametrize(
    ("is_paused", "occasion", "said"),
    [
        (False, "open", "1 messages are more than 15 minutes late"),
        (False, "planned", ""),  # its condition is not decided yet
        (True, "open", ""),
    ],
)
def test_mail_that_is_late_is_said_unless_it_waits_by_design(
    is_paused: bool, occasion: str, said: str
) -> None:
    all_jobs_beat()
    study, hour_ago = world.make_study(), clock.now() - timedelta(hours=1)
    Study.objects.update(is_paused=is_paused)
    row = world.make_occasion(
        world.make_participant(study),
        state=occasion,
        opens_at=hour_ago,
        closes_at=hour_ago + timedelta(days=1),
    )
    world.make_message(row, due_at=hour_ago)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["notices"]) == (200, [said] if said else [])


def test_mail_that_is_kept_back_is_said_and_sends_nobody_away() -> None:
    all_jobs_beat()
    hour_ago = clock.now() - timedelta(hours=1)
    row = world.make_occasion(world.make_participant(world.make_study()), opens_at=hour_ago)
    world.make_message(row, due_at=hour_ago)
    SendingHold.objects.create(since=world.NOW, reason="A backup was restored.")
    MailServer.objects.create(
        host="mail.example:25", failing_since=world.NOW, open_until=world.NOW + world.DAY
    )
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["notices"] == [
        "sending is held since 2027-03-01 09:00 UTC: A backup was restored.",
        "The mail server mail.example has not answered since 2027-03-01 09:00;"
        " next try at 2027-03-02 09:00 UTC.",
    ]


def test_liveness_asks_nothing(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]  # a fixture without a type
        assert Client().get("/healthz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_table_that_somebody_holds_is_said_soon_and_the_rest_is_not_asked() -> None:
    all_jobs_beat()
    with holder() as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE surveys_heartbeat IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        status, checks = ask()
        assert time.monotonic() - began < 3
    assert status == 503
    assert checks["database"] == checks["migrations"] == ["ok"]
    assert checks["beat"] == ["the database cannot be asked"]


@contextlib.contextmanager
def holder() -> Iterator[BaseDatabaseWrapper]:
    """Somebody else at the database."""
    other = connection.copy()
    try:
        yield other
    finally:
        other.close()
