"""Behind a personal link: open it, and keep a page of answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.design.registry import protocol_of
from surveys.lib.crashpoints import Point, reached
from surveys.lib.deadlocks import repeated
from surveys.messaging import evidence
from surveys.responding import actions as responding
from surveys.responding.actions import PageSaved
from surveys.responding.results import results_of
from surveys.safety import alerts
from surveys.scheduling import actions as scheduling
from surveys.scheduling.models import Occasion


@repeated
@transaction.atomic
def open_link(*, occasion: UUID, now: datetime, is_mailed: bool = True) -> Occasion:
    """Somebody pressed Start behind a personal link; when a mail brought it, it has arrived."""
    opened = scheduling.open_link(occasion=occasion, now=now)
    if is_mailed:
        evidence.link_opened(occasion=opened, now=now)
    return opened


@repeated
@transaction.atomic
def save_page(
    *,
    occasion: UUID,
    instrument: str,
    page: int,
    posted: Mapping[str, str],
    forward: bool,
    now: datetime,
    by_itself: bool = False,
) -> PageSaved:
    """Keep one page of answers, and raise the safety alerts that they ask for.

    After the last page of all, complete, and replan if any other wave hangs on this one.
    """
    saved = responding.save_page(
        occasion=occasion,
        instrument=instrument,
        page=page,
        posted=posted,
        forward=forward,
        now=now,
        by_itself=by_itself,
    )
    participant = saved.occasion.participant
    if saved.completed and protocol_of(participant.protocol).hangs_on(saved.occasion.wave):
        scheduling.replan(
            [participant], by=Actor.participant(participant.code), now=now, results=results_of
        )
    is_new = alerts.raise_for(occasion=saved.occasion, instrument=instrument, now=now)
    reached(Point.IN_SAVE)
    return replace(saved, raised=is_new)
