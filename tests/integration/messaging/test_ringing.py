"""The task that sends: when one run is not enough it asks for the next, broker or not."""

from __future__ import annotations

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from surveys import tasks
from surveys.lib.models import Heartbeat
from surveys.scheduling.models import Message
from tests.smtp import ScriptedServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were asked for."""
    heard: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda task: heard.append(task.name))
    return heard


def test_when_nothing_is_left_no_further_run_is_asked_for(
    server: ScriptedServer, rings: list[str]
) -> None:
    tasks.deliver()
    assert rings == []


def test_what_one_run_could_not_send_is_the_next_runs(
    server: ScriptedServer, rings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveys.messaging.delivery.RUN_SECONDS", 1e-9)
    tasks.deliver()
    assert rings == ["surveys.tasks.deliver"]


def test_without_the_broker_the_run_ends_well(
    server: ScriptedServer, invite: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    invite()
    monkeypatch.setattr("surveys.messaging.delivery.RUN_SECONDS", 1e-9)
    monkeypatch.setattr(tasks.deliver, "apply_async", away)
    tasks.deliver()
    assert Heartbeat.objects.filter(job="deliver").exists()
    assert Message.objects.get().state == "due"
