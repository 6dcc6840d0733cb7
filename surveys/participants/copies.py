"""That somebody asked for a copy of their data, and got it: audit only. Called by the pipeline."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.participants.models import Participant

ASKED, MADE = "copy.asked", "copy.made"
MOST_A_DAY = 5  # since each one is a mail


class TooManyCopies(ValueError):
    """So many were asked for today that somebody may be misusing the page."""


@transaction.atomic
def ask(*, participant: Participant, by: Actor, now: datetime) -> int:
    """Note the wish; return how many there were before. Raises TooManyCopies."""
    Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    study, code = participant.study.code, participant.code
    asked = Event.objects.filter(event=ASKED, study=study, subject=code)
    if asked.filter(at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooManyCopies
    n_before = asked.count()
    log.record(ASKED, by=by, at=now, study=study, subject=code)
    return n_before


def made(*, participant: Participant, by: Actor, now: datetime) -> None:
    """Note that a copy left the platform."""
    log.record(MADE, by=by, at=now, study=participant.study.code, subject=participant.code)
