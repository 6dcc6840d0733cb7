"""A page that is saved, as `pipeline` has it: the rows are held, and the occasion is started."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.scheduling.actions import hold, record_saved
from surveys.scheduling.models import Occasion


@transaction.atomic
def save(occasion: Occasion, now: datetime, *, completes: bool = False) -> Occasion:
    """Note a saved page; returns the occasion as it is then."""
    row = hold(occasion.pk)
    record_saved(occasion=row, now=now, completes=completes)
    return row
