"""Celery shells, one pipeline call each. Beat only rings: running them twice changes nothing."""

from __future__ import annotations

import logging

from celery import Task, shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from surveys import pipeline
from surveys.lib import clock, heartbeat

logger = logging.getLogger(__name__)

FIRST, LAST = 0, 9  # of one queue: however many mails are due, the ticks are heard before them


@shared_task(ignore_result=True)
def sweep() -> None:
    """Open and close windows."""
    now = clock.now()
    swept = pipeline.sweep(now=now)
    heartbeat.beat("sweep", now)
    if swept.n_opened:
        _ring(deliver)  # what has just opened is due now; without the ring the next tick sends it


@shared_task(
    ignore_result=True,
    soft_time_limit=settings.DELIVER_SOFT_SECONDS,
    time_limit=settings.DELIVER_SECONDS,
)
def deliver() -> None:
    """Send what is due; when one run is not enough, ask for another."""
    now = clock.now()
    delivered = pipeline.deliver(now=now)
    heartbeat.beat("deliver", now)
    if delivered.is_cut:
        _ring(deliver, priority=LAST)


def _ring(task: Task[[], None], *, priority: int = FIRST) -> None:
    """Ask for a task; a broker that is away only means waiting for the next tick."""
    try:
        task.apply_async(expires=60, priority=priority)
    except OperationalError:
        logger.warning("the broker is away; the next tick catches up")
