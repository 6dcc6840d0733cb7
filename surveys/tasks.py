"""Celery shells, one pipeline call each. Beat only rings: running them twice changes nothing."""

from __future__ import annotations

from celery import shared_task

from surveys import pipeline
from surveys.lib import clock, heartbeat


@shared_task(ignore_result=True)
def sweep() -> None:
    """Open and close windows."""
    now = clock.now()
    pipeline.sweep(now=now)
    heartbeat.beat("sweep", now)


@shared_task(ignore_result=True)
def deliver() -> None:
    """Send what is due."""
    now = clock.now()
    pipeline.deliver(now=now)
    heartbeat.beat("deliver", now)
