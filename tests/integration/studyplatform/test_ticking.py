"""Rings that nobody hears do not pile up, whatever anybody's clock says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from studyplatform.celery import app
from studyplatform.ticking import ENOUGH, Scheduler


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("planning", "sending")
        yield client
        client.delete("planning", "sending")


def test_when_nobody_listens_a_few_rings_wait_and_no_more(broker: redis.Redis) -> None:
    scheduler = Scheduler(app=app)
    for _ in range(3 * ENOUGH):
        for entry in scheduler.schedule.values():
            if entry.task == "surveys.tasks.deliver":
                scheduler.apply_entry(entry)
    assert broker.llen("sending") == ENOUGH
    broker.delete("sending")  # somebody has heard them
    (sweep,) = [e for e in scheduler.schedule.values() if e.task == "surveys.tasks.sweep"]
    scheduler.apply_entry(sweep)
    assert broker.llen("planning") == 1


def test_without_a_broker_the_beat_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis+socket:///nowhere/valkey.sock")
    scheduler = Scheduler(app=app)
    began = time.monotonic()
    for entry in scheduler.schedule.values():
        scheduler.apply_entry(entry)
    assert time.monotonic() - began < 2 * len(scheduler.schedule)
