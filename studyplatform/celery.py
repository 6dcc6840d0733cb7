"""The Celery application: workers run `-A studyplatform worker`, the ticking beat `... beat`."""

from __future__ import annotations

import logging.config
import os
import signal
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)

from studyplatform import leash
from surveys.lib import stopping

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyplatform.settings")

app = Celery("studyplatform")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_our_logs(**_: Any) -> None:
    """Celery would set up its own logging, which redacts nothing."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)


@worker_process_init.connect
def die_with_the_worker(**_: Any) -> None:
    """A pool process whose worker was killed must not stay behind."""
    leash.die_with_parent(signal.SIGKILL)


@worker_shutting_down.connect
def begin_nothing_new(**_: Any) -> None:
    """A delivery under way ends after its present mail, within the time that a stop allows."""
    stopping.ask()


@worker_ready.connect
@beat_init.connect
def tell_the_supervisor(**_: Any) -> None:
    """Make the file that the supervisor waits for."""
    if path := os.environ.get("READY_FILE"):
        Path(path).touch()
