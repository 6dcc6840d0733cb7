"""Celery shells, one pipeline call each. Beat only rings: running them twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from surveys import pipeline
from surveys.lib import clock, heartbeat
from surveys.lib.doorbell import ring


@shared_task(ignore_result=True)
def sweep() -> None:
    """Open and close windows."""
    now = clock.now()
    swept = pipeline.sweep(now=now)
    heartbeat.beat("sweep", now)
    if swept.n_opened:
        ring(deliver)  # what has just opened is due now; without the ring the next tick sends it


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
        ring(deliver)


@shared_task(ignore_result=True)
def adopt() -> None:
    """Bring people to newly published versions; when one run is not enough, ask for another."""
    now = clock.now()
    adopted = pipeline.adopt(now=now)
    heartbeat.beat("adopt", now)
    if adopted.is_cut:
        ring(adopt)


@shared_task(ignore_result=True)
def reconcile() -> None:
    """Compare live plans with what is asked for; when one run is not enough, ask for another."""
    now = clock.now()
    reconciled = pipeline.reconcile(now=now)
    heartbeat.beat("reconcile", now)
    if reconciled.is_cut:
        ring(reconcile)


@shared_task(
    ignore_result=True,
    soft_time_limit=settings.DELIVER_SOFT_SECONDS,
    time_limit=settings.DELIVER_SECONDS,
)
def notify() -> None:
    """Escalate alerts and send the mails that belong to no plan; when one run is not enough, ask for another."""
    now = clock.now()
    notified = pipeline.notify(now=now)
    heartbeat.beat("notify", now)
    if notified.is_cut:
        ring(notify)
