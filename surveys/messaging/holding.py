"""Keeping all mail back until a person says so, such as after a backup was restored.

Claims and gates read the one row of `SendingHold`; the faces and `restoring` come through here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.lib import locks, sql
from surveys.messaging import origin
from surveys.messaging.models import DeliveryAttempt, SendingHold
from surveys.messaging.reasons import Hurdle
from surveys.scheduling.models import Message
from surveys.scheduling.states import MESSAGE, MessageState, OccasionState

LOCK = "sending hold"
LOG = logging.getLogger(__name__)
TO_COME = (OccasionState.PLANNED, OccasionState.OPEN, OccasionState.STARTED)

_DOUBT = """
    UPDATE surveys_message SET state = 'unknown', why_not = %(why)s, not_before = NULL
    WHERE id IN (SELECT id FROM surveys_message WHERE state = 'due' AND due_at <= %(until)s
                 ORDER BY id FOR NO KEY UPDATE)
"""


class NotHeld(ValueError):
    """Nothing keeps mail back."""


@dataclass(frozen=True)
class Waiting:
    """One study's mails that a release lets go."""

    study: str
    n_due: int
    n_doubtful: int  # of them due when mails were sent that this database knows nothing of
    oldest: datetime


def current() -> SendingHold | None:
    """Why nothing is sent, if so."""
    return SendingHold.objects.first()


@transaction.atomic
def hold(
    *,
    reason: str,
    by: Actor,
    now: datetime,
    is_restored: bool = False,
    sent_until: datetime | None = None,
) -> SendingHold:
    """Send nothing until `release`; what holds already stays, unless this knows of a restore.

    `sent_until` is the study time of the newest mail that is remembered outside the database.
    """
    locks.hold(LOCK)
    found = current()
    if found is not None and (found.is_restored or not is_restored):
        return found
    made = found or SendingHold(since=now)
    made.reason, made.is_restored, made.sent_until = reason[:300], is_restored, sent_until
    made.save()
    log.record("sending.held", by=by, at=now, reason=reason[:300])
    LOG.warning("nothing is sent until a person releases it: %s", reason)
    return made


@transaction.atomic
def release(*, doubt_until: datetime | None, by: Actor, now: datetime) -> int:
    """Send again what is due; return how many messages are in doubt instead.

    What was due by `doubt_until` becomes `unknown`: it may have been sent, and a person decides
    about each. None sends everything. Raises NotHeld.
    """
    locks.hold(LOCK)
    found = current()
    if found is None:
        raise NotHeld("sending is not held")
    MESSAGE.check(MessageState.DUE, MessageState.UNKNOWN)
    values = {"why": Hurdle.RESTORED, "until": doubt_until}
    n_doubtful = sql.execute(_DOUBT, values) if doubt_until else 0
    if found.is_restored:  # else what is remembered stays true, also for older backups
        origin.renew()
    found.delete()
    log.record(
        "sending.released",
        by=by,
        at=now,
        reason=found.reason,
        doubt_until=doubt_until.isoformat() if doubt_until else None,
        n_doubtful=n_doubtful,
    )
    LOG.warning("sending is released; %d messages are in doubt", n_doubtful)
    return n_doubtful


def waiting(*, now: datetime, doubt_until: datetime | None) -> list[Waiting]:
    """What a release would send at once, by study."""
    doubtful = Q(due_at__lte=doubt_until) if doubt_until else Q(pk=None)
    counted = _sendable(now).values_list("occasion__participant__study__code").order_by()
    rows = counted.annotate(
        n_due=Count("pk"), n_doubtful=Count("pk", filter=doubtful), oldest=Min("due_at")
    )
    return [Waiting(*row) for row in sorted(rows)]


def newest_attempt() -> datetime | None:
    """The real time of the newest attempt that this database knows of."""
    return DeliveryAttempt.objects.order_by("-pk").values_list("began_at", flat=True).first()


def _sendable(now: datetime) -> QuerySet[Message]:
    return Message.objects.filter(
        Q(occasion__closes_at=None) | Q(occasion__closes_at__gt=now),
        state=MessageState.DUE,
        due_at__lte=now,
        occasion__state__in=TO_COME,
        occasion__participant__status="enrolled",
        occasion__participant__unsubscribed_at=None,
        occasion__participant__study__is_paused=False,
    )
