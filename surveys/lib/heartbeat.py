"""Signs of life from periodic jobs; readiness checks and the demo read them."""

from __future__ import annotations

from datetime import datetime

from django.db.models.functions import Now

from surveys.lib.models import Heartbeat


def beat(job: str, study_now: datetime) -> None:
    """Note that `job` has just finished what was due at `study_now`."""
    Heartbeat.objects.update_or_create(
        job=job, defaults={"beaten_at": Now(), "study_now": study_now}
    )
