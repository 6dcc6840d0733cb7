"""Celery shells around `analytics.actions`; running them twice changes nothing."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from analytics import actions
from surveys.lib import clock, heartbeat
from surveys.lib.doorbell import ring

SOFT_SECONDS, SECONDS = 500, 540  # 5 million answers take half a minute


@shared_task(ignore_result=True, soft_time_limit=SOFT_SECONDS, time_limit=SECONDS)
def build_export(export_id: str) -> None:
    """Build one bundle, by a worker that does nothing else (CELERY_TASK_ROUTES)."""
    actions.build(export_id=UUID(export_id), now=clock.now())


@shared_task(ignore_result=True)
def build_queued() -> None:
    """Ring once for each export that a lost task or a killed worker has left; the beat calls this."""
    now = clock.now()
    for export_id in actions.waiting():
        if not ring(build_export, str(export_id)):
            break
    heartbeat.beat("build_queued", now)
