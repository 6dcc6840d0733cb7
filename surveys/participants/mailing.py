"""How somebody is written to: whether they want mails. Called by the pipeline.

Wanting no mails is not withdrawing: the person takes part, and their links go on working.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.participants.models import Participant


@transaction.atomic
def unsubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Note that somebody wants no mails; False when that was known, or they have withdrawn."""
    _lock(participant)
    has_withdrawn = participant.status == Participant.Status.WITHDRAWN
    if has_withdrawn or participant.unsubscribed_at is not None:
        return False
    participant.unsubscribed_at = now
    participant.save(update_fields=["unsubscribed_at"])
    _record("participant.unsubscribed", participant, by, now)
    return True


@transaction.atomic
def resubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Note that somebody wants mails again; False when they did all along, or have withdrawn."""
    _lock(participant)
    has_withdrawn = participant.status == Participant.Status.WITHDRAWN
    if has_withdrawn or participant.unsubscribed_at is None:
        return False
    participant.unsubscribed_at = None
    participant.save(update_fields=["unsubscribed_at"])
    _record("participant.resubscribed", participant, by, now)
    return True


def _lock(participant: Participant) -> None:
    """Hold the row until the transaction ends, and bring the caller's object up to date."""
    rows = Participant.objects.select_related("study", "protocol")
    participant.refresh_from_db(from_queryset=rows.select_for_update(of=("self",), no_key=True))


def _record(event: str, participant: Participant, by: Actor, now: datetime) -> None:
    log.record(event, by=by, at=now, study=participant.study.code, subject=participant.code)
