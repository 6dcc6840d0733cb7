"""Agreeing anew to a consent text that has changed, or not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.messaging import telling
from surveys.messaging.notifying import Words
from surveys.participants import renewing
from surveys.participants.models import Participant


@transaction.atomic
def renew_consent(
    *,
    participant: Participant,
    version: int,
    language: str,
    ticked: Collection[int],
    words: Callable[[str], Words],
    by: Actor,
    now: datetime,
) -> bool:
    """Keep that somebody agrees to a new text, and mail them a copy; False when they need not.

    `words` are made of what they signed. Raises TextChanged and StatementMissing.
    """
    given = renewing.give(
        participant=participant,
        version=version,
        language=language,
        ticked=ticked,
        by=by,
        now=now,
    )
    if given is None:
        return False
    key = f"consent:{participant.key}:{given.version}"
    telling.tell(participant, words(given.signed_text), key=key)
    return True


def decline_consent(*, participant: Participant, by: Actor, now: datetime) -> None:
    """Note that somebody does not agree to a new text."""
    renewing.decline(participant=participant, by=by, now=now)
