"""Leaving, and taking one's own data along."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.messaging import telling
from surveys.messaging.notifying import Words
from surveys.participants import actions as participants
from surveys.participants import copies
from surveys.participants.actions import Scope
from surveys.participants.models import Participant
from surveys.responding import erasing
from surveys.safety import cases
from surveys.scheduling import actions as scheduling


@transaction.atomic
def withdraw(
    *, participant: Participant, scope: str, reason: str, by: Actor, now: datetime
) -> None:
    """End somebody's participation; nothing further is asked or sent. A wider scope adds.

    Idempotent. A page that is being saved meanwhile is saved before, or refused.
    """
    participants.withdraw(participant=participant, scope=scope, reason=reason, by=by, now=now)
    scheduling.cancel_remaining(participant=participant, by=by, now=now)
    if participant.withdrawal_scope == Scope.ERASE_DATA:
        erasing.erase(participant=participant, by=by, now=now)
        cases.forget(participant=participant)


@transaction.atomic
def leave(
    *, participant: Participant, scope: str, receipt: Words, by: Actor, now: datetime
) -> None:
    """Somebody ends their participation; the receipt is posted before the address is deleted."""
    telling.tell(participant, receipt, key=f"left:{participant.key}:{scope}")
    withdraw(participant=participant, scope=scope, reason="", by=by, now=now)


@transaction.atomic
def ask_copy(*, participant: Participant, words: Words, by: Actor, now: datetime) -> bool:
    """Mail somebody the link to a copy of their data; False when they cannot be written to.

    Raises TooManyCopies.
    """
    n_before = copies.ask(participant=participant, by=by, now=now)
    return telling.tell(participant, words, key=f"copy:{participant.key}:{n_before}")


def copy_made(*, participant: Participant, by: Actor, now: datetime) -> None:
    """Note that somebody takes a copy of their data along."""
    copies.made(participant=participant, by=by, now=now)
