"""What the clock brings: open, close, send; and a person's word on what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from surveys.audit.actors import Actor
from surveys.messaging import delivery, holding, notifying, resending
from surveys.messaging.delivery import Delivered
from surveys.messaging.notifying import Notified
from surveys.messaging.resending import Resent
from surveys.participants import joining, readdressing
from surveys.responding.results import results_of
from surveys.safety import alerts
from surveys.scheduling import actions as scheduling


@dataclass(frozen=True)
class Swept:
    """What one sweep over the clock did."""

    n_opened: int
    n_closed: int
    n_replanned: int


def sweep(*, now: datetime) -> Swept:
    """Open and close windows, and replan the people whose earlier waves just ended."""
    readdressing.drop_expired(now=now)
    n_opened = scheduling.open_due(now=now, results=results_of)
    closed = scheduling.close_due(now=now, results=results_of)
    joining.delete_expired(now=now)
    SessionStore.clear_expired()  # of staff; Django leaves their rows
    return Swept(n_opened, closed.n_closed, closed.n_replanned)


def deliver(*, now: datetime) -> Delivered:
    """Send what is due, as much as fits into one run."""
    return delivery.deliver_due(now=now)


def notify(*, now: datetime) -> Notified:
    """Escalate alerts that nobody took, then send the mails that belong to no plan.

    As many as fit into one run.
    """
    alerts.escalate_due(now=now)
    return notifying.deliver_due(now=now)


@transaction.atomic
def resend(*, message: UUID, by: Actor, now: datetime) -> bool:
    """Have a message sent again that may or may not have arrived; False when it is on its way."""
    return resending.resend(message=message, by=by, now=now)


def resend_all(*, messages: Sequence[UUID], by: Actor, now: datetime) -> Resent:
    """The same for many, each in a transaction of its own."""
    return resending.resend_all(messages=messages, by=by, now=now)


@transaction.atomic
def hold(*, reason: str, by: Actor, now: datetime) -> None:
    """Send nothing, whatever is due, until a person releases it."""
    holding.hold(reason=reason, by=by, now=now)


@transaction.atomic
def release(*, doubt_until: datetime | None, by: Actor, now: datetime) -> int:
    """Send again; what was due by `doubt_until` may have been sent and becomes unknown instead."""
    return holding.release(doubt_until=doubt_until, by=by, now=now)
