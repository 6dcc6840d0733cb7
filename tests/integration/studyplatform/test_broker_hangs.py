"""A broker that hangs keeps nobody waiting: not who answers, not who logs in, not who exports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics import tasks
from analytics.models import Export
from studyplatform.celery import app
from studyplatform.embedded import account, place, programs, valkey
from studyplatform.supervisor import Supervisor
from surveys.access.roles import Role
from surveys.lib import clock, doorbell
from surveys.responding.models import Submission
from tests.answering import link, make_answerable, window_around
from tests.functional.console.cast import PASSWORD, Stage, client_of, make_staff, make_stage
from tests.functional.portal.test_pages import hidden
from tests.integration.api.callers import client as program_of
from tests.integration.studyplatform.servers_at_hand import hanging, open_folder
from tests.questionnaires import SHORT
from tests.world import make_occasion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
MUCH = 1.0  # seconds


@dataclass(frozen=True)
class Broker:
    """A Valkey of our own, which the settings name."""

    pid: int

    url: str

    def hanging(self) -> AbstractContextManager[None]:
        """It takes connections and says nothing."""
        return hanging(self.pid)


@pytest.fixture
def broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    who = account.choose()
    with open_folder() as folder:
        where = place.prepare(folder / "var", who)
        server = valkey.program(where, programs.find(who), durable=False)
        url = where.redis_url
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": url}}
        monkeypatch.setattr(
            app.conf, "broker_url", f"redis+socket://{url.removeprefix('unix://')}?virtual_host=0"
        )
        try:
            with Supervisor([replace(server, log=None)], write=lambda *_: None) as running:
                yield Broker(running.pid("valkey"), url)
        finally:
            where.remove()


@pytest.fixture
def stage() -> Stage:
    return make_stage()


def timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_a_ring_is_heard_or_given_up_soon(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    assert doorbell.ring(tasks.build_export, "x")
    with broker.hanging():
        assert timed(lambda: doorbell.ring(tasks.build_export, "x")) < MUCH
    assert "no broker to ring" in caplog.text
    assert doorbell.ring(tasks.build_export, "x")


def test_control_with_a_workers_patience_a_ring_takes_seconds(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "_BRIEF", {})
    with broker.hanging():
        assert timed(lambda: doorbell.ring(tasks.build_export, "x")) > 2 * MUCH


def test_somebody_who_answers_does_not_notice(broker: Broker) -> None:
    person = make_answerable([SHORT]).participant
    occasions = [
        make_occasion(person, nth=nth, **window_around(clock.now())) for nth in range(2, 7)
    ]
    links = map(link, occasions)
    answer(next(links))  # what the first page of a process loads
    usual = min(timed(lambda: answer(next(links))) for _ in range(2))
    with broker.hanging():
        assert min(timed(lambda: answer(next(links))) for _ in range(2)) < usual + MUCH
    assert [row.answers for row in Submission.objects.all()] == [{"mood": 3}] * 5


def answer(link: str) -> None:
    client = Client()
    assert client.post(link, {"start": "1"}).status_code == 303
    typed = hidden(client.get("/survey/")) | {"mood": "3"}
    assert client.post("/survey/", typed).status_code == 303


def test_an_export_is_asked_for_and_waits_in_the_database(broker: Broker, stage: Stage) -> None:
    owner = make_staff(Role.OWNER, stage.study)
    Export.objects.all().delete()
    web, machine = client_of(owner), program_of(owner)
    machine.get("/api/v1/studies/")  # what the first request of a process loads
    with broker.hanging():
        assert timed(lambda: ok(web, stage)) < MUCH
        assert timed(lambda: ok_machine(machine, stage)) < MUCH
    assert Export.objects.filter(state=Export.State.QUEUED).count() == 2


def ok(web: Client, stage: Stage) -> None:
    assert web.post(stage.url("exports/new/"), {"formats": ["csv"]}).status_code == 302


def ok_machine(machine: APIClient, stage: Stage) -> None:
    path = f"/api/v1/studies/{stage.study.code}/exports/"
    assert machine.post(path, {"formats": ["csv"]}, format="json").status_code == 202


def test_staff_log_in_though_nobody_counts_their_attempts(broker: Broker, stage: Stage) -> None:
    make_staff(Role.OWNER, stage.study, email="owner@study.example", password=PASSWORD)
    fields = {"login": "owner@study.example", "password": PASSWORD}
    usual = timed(lambda: Client().post("/console/account/login/", fields))
    caches.close_all()
    with broker.hanging():
        answers = []
        took = timed(lambda: answers.append(Client().post("/console/account/login/", fields)))
    assert answers[0].status_code == 302
    assert took < usual + MUCH


def test_readiness_names_the_broker_soon(broker: Broker, settings: Settings) -> None:
    settings.REDIS_URL = broker.url
    assert Client().get("/readyz").json()["checks"]["broker"] == ["ok"]
    with broker.hanging():
        answers = []
        assert timed(lambda: answers.append(Client().get("/readyz"))) < 2 * MUCH
    assert answers[0].status_code == 503
    assert answers[0].json()["checks"]["broker"] == ["the broker cannot be reached (TimeoutError)"]
