"""What a wish for no mails or a dead address does to messages, and its end; part of `actions`.

Occasions stay as they are: whoever has a link can answer.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from surveys.participants.models import Participant
from surveys.scheduling.answering import ANSWERABLE
from surveys.scheduling.facts import RUNNING, hold
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MESSAGE, MessageKind, MessageState, OccasionState, WhyNot
from surveys.scheduling.waking import wake


@transaction.atomic
def silence(*, participant: Participant) -> int:
    """Cancel what is still to be sent to somebody; return how many messages.

    One that a worker has meanwhile goes out, unless its gate is still ahead and finds the wish.
    """
    hold([participant.pk])
    MESSAGE.check(MessageState.DUE, MessageState.CANCELLED)
    due = Message.objects.filter(occasion__participant=participant, state=MessageState.DUE)
    return due.update(state=MessageState.CANCELLED, why_not=WhyNot.UNSUBSCRIBED)


@transaction.atomic
def unsilence(*, participant: Participant, now: datetime) -> int:
    """Plan again what the wish had cancelled; return how many messages.

    That is what is still ahead, and the invitation to what is open already: no reminder comes first.
    """
    hold([participant.pk])
    MESSAGE.check(MessageState.CANCELLED, MessageState.DUE)
    ahead = Message.objects.filter(
        Q(occasion__closes_at=None) | Q(occasion__closes_at__gt=now),
        Q(due_at__gt=now) | Q(kind=MessageKind.INVITATION, occasion__state=OccasionState.OPEN),
        occasion__participant=participant,
        occasion__state__in=RUNNING,
        state=MessageState.CANCELLED,
        why_not=WhyNot.UNSUBSCRIBED,
    )
    return ahead.update(state=MessageState.DUE, why_not="")


@transaction.atomic
def send_after_all(*, participant: Participant, now: datetime) -> int:
    """Mail can reach somebody again: for each occasion still open, send the first that did not.

    Return how many messages. Later reminders follow as planned.
    """
    hold([participant.pk])
    MESSAGE.check(MessageState.BOUNCED, MessageState.DUE)
    lost = Message.objects.filter(
        Q(state=MessageState.BOUNCED) | Q(state=MessageState.CANCELLED, why_not=WhyNot.SUPPRESSED),
        Q(occasion__closes_at=None) | Q(occasion__closes_at__gt=now),
        occasion__participant=participant,
        occasion__state__in=ANSWERABLE,
    )
    firsts = lost.order_by("occasion", "due_at").distinct("occasion")
    again = Message.objects.filter(pk__in=list(firsts.values_list("pk", flat=True)))
    return again.update(state=MessageState.DUE, why_not="", sent_at=None, not_before=None)


@transaction.atomic
def renew_links(*, participant: Participant, now: datetime) -> int:
    """End the links to what runs, which somebody else may have; mail new ones to what is open.

    Return how many more reminders that took.
    """
    hold([participant.pk])
    running = Occasion.objects.filter(participant=participant, state__in=RUNNING)
    running.update(link_generation=F("link_generation") + 1)
    if participant.unsubscribed_at is not None:
        return 0
    mailed = Message.objects.filter(
        occasion__in=running.filter(state__in=ANSWERABLE).exclude(closes_at__lte=now),
        state__in=(MessageState.SENT, MessageState.UNKNOWN),
    )
    rows = Occasion.objects.filter(pk__in=mailed.values("occasion")).select_related("protocol")
    return sum(wake(row, now) for row in rows)
