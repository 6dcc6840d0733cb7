"""Celery shells, one pipeline call each. Beat only rings: running them twice changes nothing."""

from __future__ import annotations

import logging

from celery import Task, shared_task
from kombu.exceptions import OperationalError

from surveys import pipeline
from surveys.lib import clock, heartbeat

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Open and close windows."""
    now = clock.now()
    swept = pipeline.sweep(now=now)
    heartbeat.beat("sweep", now)
    if swept.n_opened:
        _ring(deliver)  # what has just opened is due now; without the ring the next tick sends it


@shared_task(ignore_result=True)
def deliver() -> None:
    """Send what is due."""
    now = clock.now()
    pipeline.deliver(now=now)
    heartbeat.beat("deliver", now)


def _ring(task: Task[[], None]) -> None:
    """Ask for a task; a broker that is away only means waiting for the next tick."""
    try:
        task.apply_async(expires=60)
    except OperationalError:
        logger.warning("the broker is away; the next tick catches up")
