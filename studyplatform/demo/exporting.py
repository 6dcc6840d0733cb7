"""The demo's export: asked for as a data manager would, built by the worker."""

from __future__ import annotations

import time
from datetime import datetime

from analytics import actions, reports
from analytics.models import Export
from analytics.tasks import build_export
from studyplatform.demo.cast import STAFF
from studyplatform.demo.patience import answered
from surveys.design.models import Study
from surveys.lib.doorbell import ring

PATIENCE = 120.0  # seconds


class NotExported(RuntimeError):
    """The worker did not build the bundle."""


def export(study: Study, *, now: datetime) -> Export:
    """Request a bundle and wait for the worker."""
    formats = ["csv", "parquet"]
    row = answered(lambda: actions.request_export(study=study, formats=formats, by=STAFF, now=now))
    ring(build_export, str(row.pk))
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answered(row.refresh_from_db)
        if row.state == Export.State.READY:
            return row
        if row.state == Export.State.FAILED:
            break
        time.sleep(0.05)
    raise NotExported(row.problem or f"still {row.state} after {PATIENCE:.0f} seconds")


def summary(row: Export) -> str:
    """The bundle in a few lines: people, mails, answers per wave, retention, reasons."""
    return reports.summary(actions.folder_of(row))
