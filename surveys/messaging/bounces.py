"""What a report about a mail changes: the message, and whether its address is written to at all.

`pipeline.note_mail_report` calls this. Each report counts once, and in whatever order they come a
mail that came back stays come back.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.messaging import suppressions
from surveys.messaging.models import MailEvent, Suppression
from surveys.messaging.reports import Report, Verdict
from surveys.participants import mailing
from surveys.participants.models import Participant
from surveys.scheduling.actions import hold
from surveys.scheduling.models import Message
from surveys.scheduling.states import MESSAGE, MessageState

IN_A_ROW = 3  # mails that came back to somebody, before a good address counts as dead
RETURNED = frozenset({Verdict.BOUNCED, Verdict.SOFT_BOUNCED})
BY = Actor.system("mail reports")


class TooSoon(RuntimeError):
    """The mail is still being handed over; the provider shall report it again later."""


@transaction.atomic
def note(report: Report, *, now: datetime) -> Participant | None:
    """Take a report into account; return whose mail it was, None when it is old or not ours.

    Raises TooSoon, and then nothing is kept of the report.
    """
    message = _held(report.message)
    if message is None:
        return None
    participant = message.occasion.participant
    present = mailing.fingerprints(participant)
    indexes = mailing.fingerprints_of(report.recipient) or present
    if not _is_new(report, message, indexes, now):
        return None
    if message.state == MessageState.SENDING:
        raise TooSoon(f"message {message.id} is being sent")
    if set(indexes) & set(present) or not present:  # else it speaks of the address before
        _bring_forward(message, report, now)
    reason = _reason_to_suppress(message, report, indexes)
    is_told = (
        reason
        and indexes
        and suppressions.suppress(indexes, reason, message=message, detail=report.detail, now=now)
    )
    if report.kind in RETURNED or report.kind == Verdict.COMPLAINED:
        _record(participant, report, now, is_suppressed=bool(is_told))
    return participant


def _held(pk: UUID) -> Message | None:
    """The message, locked behind its participant and occasion; None when there is none."""
    occasion = Message.objects.filter(pk=pk).values_list("occasion", flat=True).first()
    if occasion is None:
        return None
    row = hold(occasion)
    message = Message.objects.select_for_update(no_key=True).get(pk=pk)
    message.occasion = row
    return message


def _is_new(report: Report, message: Message, indexes: list[bytes], now: datetime) -> bool:
    _, is_new = MailEvent.objects.get_or_create(
        provider=report.provider,
        event_id=report.event_id,
        defaults={
            "kind": report.kind,
            "message": message,
            "address_index": indexes[0] if indexes else None,
            "happened_at": report.happened_at,
            "received_at": now,
            "detail": report.detail,
        },
    )
    return is_new


def _bring_forward(message: Message, report: Report, now: datetime) -> None:
    """Move the message along its life; what a late report would undo stays as it is."""
    after = MessageState.BOUNCED if report.kind in RETURNED else MessageState.SENT
    if message.state in MESSAGE.sources(after) and message.state != MessageState.SENDING:
        sent_at = Coalesce(F("sent_at"), Value(now))
        Message.objects.filter(pk=message.pk).update(state=after, sent_at=sent_at)


def _reason_to_suppress(
    message: Message, report: Report, indexes: list[bytes]
) -> Suppression.Reason | None:
    if report.kind == Verdict.COMPLAINED:
        return Suppression.Reason.COMPLAINT
    if report.kind == Verdict.BOUNCED or (
        report.kind == Verdict.SOFT_BOUNCED and _has_row(message, indexes)
    ):
        return Suppression.Reason.BOUNCE
    return None


def _has_row(message: Message, indexes: list[bytes]) -> bool:
    """Whether this and the mails before it all came back from the same address."""
    mails = Message.objects.filter(
        occasion__participant=message.occasion.participant,
        state__in=(MessageState.SENT, MessageState.BOUNCED),
        sent_at__lte=Message.objects.filter(pk=message.pk).values("sent_at"),
    )
    last = list(mails.order_by("-sent_at", "-pk").values_list("pk", flat=True)[:IN_A_ROW])
    returned = MailEvent.objects.filter(
        message__in=last, kind=Verdict.SOFT_BOUNCED, address_index__in=indexes
    )
    return returned.values("message").distinct().count() == IN_A_ROW


def _record(participant: Participant, report: Report, now: datetime, **data: object) -> None:
    verb = "complained" if report.kind == Verdict.COMPLAINED else "returned"
    log.record(
        f"mail.{verb}",
        by=BY,
        at=now,
        study=participant.study.code,
        subject=participant.code,
        reason="",
        kind=report.kind,
        message=str(report.message),
        **data,
    )
