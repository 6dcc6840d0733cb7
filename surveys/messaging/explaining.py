"""Gathers what `explanation` needs to know, from rows; console and API call this."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.db.models.functions import Coalesce, Now

from surveys.design import schedule
from surveys.design.registry import protocol_of
from surveys.lib.crypto import CannotDecrypt
from surveys.messaging import bounces, suppressions
from surveys.messaging.caps import caps_of
from surveys.messaging.explanation import (
    AttemptFacts,
    MessageExplained,
    MessageFacts,
    OccasionExplained,
    OccasionFacts,
    Situation,
    explain_occasion,
)
from surveys.messaging.models import MailServer, SendingHold, Suppression
from surveys.messaging.printable import printable
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.postponing import planned_dues
from surveys.scheduling.states import MessageKind, MessageState

DAY = timedelta(hours=24)
ON_ITS_WAY = (MessageState.DUE, MessageState.SENDING)
OUT = (MessageState.SENT, MessageState.UNKNOWN, MessageState.BOUNCED)


@dataclass(frozen=True)
class Explained:
    """An occasion, its messages as they become due, and what there is to say of both."""

    occasion: Occasion
    messages: tuple[Message, ...]
    told: OccasionExplained

    @property
    def each(self) -> list[tuple[Message, MessageExplained]]:
        """The messages, each with its own explanation."""
        return list(zip(self.messages, self.told.messages, strict=True))


def of_occasions(occasions: Iterable[Occasion], *, now: datetime) -> list[Explained]:
    """Explain occasions, whose rows carry their protocol, participant and study.

    The number of queries does not depend on how many there are.
    """
    occasions = list(occasions)
    situations = _situations({each.participant for each in occasions}, now)
    messages = _messages(each.pk for each in occasions)
    return [
        _explained(situations[each.participant_id], each, messages.get(each.pk, []), now)
        for each in occasions
    ]


def of_messages(messages: Iterable[Message], *, now: datetime) -> dict[UUID, MessageExplained]:
    """Explain messages by their ids; as for `of_occasions`, whatever their number."""
    messages = list(messages)
    wanted = {each.pk for each in messages}
    occasions = {each.occasion_id: each.occasion for each in messages}
    explained = of_occasions(occasions.values(), now=now)
    pairs = [pair for each in explained for pair in each.each]
    return {row.pk: told for row, told in pairs if row.pk in wanted}


def _explained(
    situation: Situation, occasion: Occasion, messages: Sequence[Message], now: datetime
) -> Explained:
    facts = [_message_facts(each, occasion, messages, now) for each in messages]
    told = explain_occasion(situation, _occasion_facts(occasion), facts)
    return Explained(occasion, tuple(messages), told)


def _situations(people: Collection[Participant], now: datetime) -> Mapping[int, Situation]:
    """What holds for each of them, in a fixed number of queries."""
    suppressed = _suppressed(people)
    counts = _mails_of_day(people, now)
    caps = caps_of({person.protocol_id for person in people}, settings.MAIL_CAP_PER_DAY)
    everywhere = _everywhere(now)
    return {
        person.pk: replace(
            everywhere,
            zone=person.timezone,
            withdrawn_at=person.withdrawn_at,
            unsubscribed_at=person.unsubscribed_at,
            paused_until=person.paused_until,
            pause_ends_at=person.pause_ends_at,
            suppressed_since=suppressed[person.pk].since if person.pk in suppressed else None,
            suppressed_by=suppressed[person.pk].reason if person.pk in suppressed else "",
            is_study_paused=person.study.is_paused,
            n_mails_of_day=counts.get(person.pk, 0),
            cap=caps[person.protocol_id],
        )
        for person in people
    }


def _suppressed(people: Collection[Participant]) -> Mapping[int, Suppression]:
    """Whose address gets nothing. One that does not decrypt gets nothing either, by its attempts."""
    try:
        return suppressions.of_all([person.pk for person in people])
    except CannotDecrypt:
        return {}


def _everywhere(now: datetime) -> Situation:
    """What holds for everybody: whether sending is on hold, and whether the mail server answers."""
    hold = SendingHold.objects.first()
    silent = MailServer.objects.filter(
        open_until__isnull=False, failing_since__isnull=False
    ).first()
    return Situation(
        now=now,
        zone="UTC",
        held_since=hold.since if hold else None,
        held_for=hold.reason if hold else "",
        silent_since=silent.failing_since if silent else None,
        next_try_at=silent.open_until if silent else None,
    )


def _mails_of_day(people: Collection[Participant], now: datetime) -> Mapping[int, int]:
    """How many mails each got within 24 hours, as the claim counts them."""
    lately = Q(state__in=OUT, at__gt=now - DAY) | Q(state=MessageState.SENDING)
    rows = Message.objects.filter(occasion__participant__in=people)
    rows = rows.annotate(at=Coalesce("sent_at", "due_at")).filter(lately).order_by()
    return dict(rows.values_list("occasion__participant").annotate(n=Count("pk")))


def _messages(occasions: Iterable[UUID]) -> Mapping[UUID, list[Message]]:
    found: dict[UUID, list[Message]] = {}
    resting = ExpressionWrapper(Q(not_before__gt=Now()), output_field=BooleanField())
    rows = Message.objects.filter(occasion__in=list(occasions)).annotate(is_resting=resting)
    for row in rows.prefetch_related("attempts", "events").order_by("due_at", "kind", "nth"):
        found.setdefault(row.occasion_id, []).append(row)
    return found


def _occasion_facts(occasion: Occasion) -> OccasionFacts:
    wave = protocol_of(occasion.protocol).by_code.get(occasion.wave)
    return OccasionFacts(
        state=occasion.state,
        cause=occasion.cause,
        opens_at=occasion.opens_at,
        closes_at=occasion.closes_at,
        started_at=occasion.started_at,
        ended_at=occasion.ended_at,
        snoozed_until=occasion.snoozed_until,
        link_opened_at=occasion.link_opened_at,
        is_self_started=wave is not None and not wave.is_planned,
        local=occasion.local,
    )


def _message_facts(
    message: Message, occasion: Occasion, siblings: Collection[Message], now: datetime
) -> MessageFacts:
    attempts = sorted(message.attempts.all(), key=lambda each: each.n)
    returns = [each for each in message.events.all() if each.kind in bounces.RETURNED]
    bounce = max(returns, key=lambda each: each.happened_at) if returns else None
    is_resting: Any = message.is_resting  # type: ignore[attr-defined]  # an annotation
    return MessageFacts(
        id=message.pk,
        kind=message.kind,
        nth=message.nth,
        state=message.state,
        why_not=message.why_not,
        due_at=message.due_at,
        planned_at=_planned_at(message, occasion),
        rests_until=message.not_before if is_resting else None,
        has_slot=message.slot_at is not None,
        sent_at=message.sent_at,
        waits_for=_waits_for(message, occasion, siblings, now),
        returned_at=bounce.happened_at if bounce else None,
        returned=printable(bounce.detail) if bounce else "",
        attempts=tuple(
            AttemptFacts(each.n, each.began_at, each.ended_at, each.outcome, each.reply)
            for each in attempts
        ),
    )


def _planned_at(message: Message, occasion: Occasion) -> datetime:
    """When the rule alone would send it, before quiet hours and the like."""
    wave = protocol_of(occasion.protocol).by_code.get(occasion.wave)
    if occasion.opens_at is None or wave is None:
        return message.due_at
    put_off = planned_dues(occasion.local) or {}
    if (message.kind, message.nth) in put_off:
        return put_off[message.kind, message.nth]
    planned = occasion.local.get("planned_opening")  # of an occasion that opened late
    opens_at = datetime.fromisoformat(planned) if planned else occasion.opens_at
    if message.kind == MessageKind.INVITATION:
        return opens_at
    zone = occasion.local.get("zone", occasion.participant.timezone)
    times = schedule.reminder_times(opens_at, wave.reminders, zone)
    return times[message.nth - 1] if message.nth <= len(times) else message.due_at


def _waits_for(
    message: Message, occasion: Occasion, siblings: Collection[Message], now: datetime
) -> str:
    """The earlier message that has to be out first, as `messaging.guards` asks it."""
    if message.kind != MessageKind.REMINDER:
        return ""
    for earlier in siblings:
        is_invitation = earlier.kind == MessageKind.INVITATION
        if not is_invitation and earlier.nth >= message.nth:
            continue
        name = "the invitation" if is_invitation else f"reminder {earlier.nth}"
        if earlier.state in ON_ITS_WAY:
            return name
        counted = earlier.due_at
        if is_invitation and occasion.opens_at and not _was_put_off(occasion):
            counted = min(counted, occasion.opens_at)
        if earlier.sent_at and earlier.sent_at + (message.due_at - counted) / 2 > now:
            return name
    return ""


def _was_put_off(occasion: Occasion) -> bool:
    """Whether a pause or a snooze reached beyond the opening."""
    ends = (occasion.participant.pause_ends_at, occasion.snoozed_until)
    return any(end and occasion.opens_at and end > occasion.opens_at for end in ends)
