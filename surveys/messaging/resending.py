"""What becomes of messages in state `unknown`: sent again by a person or by the study's own rule.

The repeated mail has the same Message-ID and the same link, and its attempts count on. The faces
come through `pipeline`; each delivery run applies the rule.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.protocol import Unknown
from surveys.lib import sql
from surveys.messaging import guards
from surveys.messaging.claims import LEASE
from surveys.scheduling.actions import hold
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MESSAGE, MessageKind, MessageState, OccasionState

BY_RULE = Actor.system("resend-invitations")
DOUBT = LEASE + timedelta(hours=1)  # how long evidence may come in before the rule acts
BATCH = 500

# A second unknown attempt is a person's to judge, so no message is sent again by the rule twice.
# What a restored backup left in doubt has no attempt, and is a person's as well.
_RULED = f"""
    SELECT m.id
    FROM surveys_message m
    JOIN surveys_occasion o ON o.id = m.occasion_id
    JOIN surveys_participant p ON p.id = o.participant_id
    JOIN surveys_study s ON s.id = p.study_id
    JOIN surveys_protocolversion v ON v.id = o.protocol_id
    WHERE m.state = 'unknown' AND m.kind = 'invitation' AND {guards.MAY_GO}
      AND v.document -> 'messages' ->> 'unknown' = %(rule)s
      AND (SELECT count(*) = 1 AND max(a.ended_at) < clock_timestamp() - %(doubt)s
           FROM surveys_deliveryattempt a WHERE a.message_id = m.id AND a.outcome = 'unknown')
    ORDER BY m.due_at
    LIMIT %(limit)s
"""  # noqa: S608 - put together from the constants above


class CannotResend(ValueError):
    """The message must not be sent again; the text says why, as a sentence without its full stop."""


@dataclass(frozen=True)
class Resent:
    """How many messages of a list are to be sent again, and how many could not be."""

    n_resent: int
    n_left: int


@transaction.atomic
def resend(*, message: UUID, by: Actor, now: datetime) -> bool:
    """Have an unknown message sent once more; False when it is on its way already.

    Raises CannotResend, and Message.DoesNotExist.
    """
    occasion = hold(Message.objects.values_list("occasion", flat=True).get(pk=message))
    row = Message.objects.select_for_update(no_key=True).get(pk=message)
    if row.state in (MessageState.DUE, MessageState.SENDING):
        return False
    _check(row, occasion, now)
    MESSAGE.check(row.state, MessageState.DUE)
    row.state, row.why_not = MessageState.DUE, ""
    row.not_before = row.slot_at = row.lease_token = None
    row.save(update_fields=["state", "why_not", "not_before", "slot_at", "lease_token"])
    log.record(
        "message.resent",
        by=by,
        at=now,
        study=occasion.participant.study.code,
        subject=occasion.participant.code,
        message=str(row.pk),
        kind=row.kind,
        wave=occasion.wave,
        n_attempts=row.n_attempts,
    )
    return True


def resend_all(*, messages: Iterable[UUID], by: Actor, now: datetime) -> Resent:
    """The same for many, each by itself; what cannot be sent again stays as it is."""
    n_resent = n_left = 0
    for message in messages:
        try:
            n_resent += resend(message=message, by=by, now=now)
        except CannotResend:
            n_left += 1
    return Resent(n_resent, n_left)


def resend_by_rule(*, now: datetime) -> int:
    """Send invitations again whose study asks for that, each once; return how many."""
    values = {"now": now, "rule": Unknown.RESEND_INVITATIONS, "doubt": DOUBT, "limit": BATCH}
    n_resent = 0
    for (message,) in sql.rows(_RULED, values):
        with contextlib.suppress(CannotResend):
            n_resent += resend(message=message, by=BY_RULE, now=now)
    return n_resent


def _check(row: Message, occasion: Occasion, now: datetime) -> None:
    person = occasion.participant
    if row.state != MessageState.UNKNOWN:
        raise CannotResend(f"Only an unknown message can be sent again; this one is {row.state}")
    if person.status != person.Status.ENROLLED:
        raise CannotResend(f"{person.code} has withdrawn")
    if person.unsubscribed_at is not None:
        raise CannotResend(f"{person.code} wants no more mails")
    if row.kind == MessageKind.INVITATION and occasion.state == OccasionState.STARTED:
        raise CannotResend(f"{person.code} has already begun the questionnaire")
    is_over = occasion.closes_at is not None and occasion.closes_at <= now
    if is_over or occasion.state not in (OccasionState.OPEN, OccasionState.STARTED):
        raise CannotResend("The questionnaire cannot be answered any more")
