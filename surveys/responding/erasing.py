"""Erasing somebody's answers for good, once they have asked for it. `pipeline.withdraw` calls it.

The rows stay, empty: they say that there was an answer, and the dataset gives the reason `erased`.
The database lets a final submission be emptied only when its participant left with this scope.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.participants.models import Participant
from surveys.responding.models import Submission


@transaction.atomic
def erase(*, participant: Participant, by: Actor, now: datetime) -> int:
    """Empty every submission of a participant whose row the caller holds; return how many.

    Raises IntegrityError for somebody who did not ask for it.
    """
    rows = Submission.objects.filter(occasion__participant=participant, erased_at=None)
    n_erased = rows.update(answers={}, paradata={}, erased_at=now)
    if n_erased:
        log.record(
            "answers.erased",
            by=by,
            at=now,
            study=participant.study.code,
            subject=participant.code,
            submissions=n_erased,
        )
    return n_erased
