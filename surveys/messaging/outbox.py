"""The outbox as researchers see it: which messages, in which words, and why one was not sent."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db.models import Count, QuerySet

from surveys.design.models import Study
from surveys.messaging.composing import Composer, Letter
from surveys.messaging.links import masked
from surveys.messaging.models import DeliveryAttempt
from surveys.messaging.reasons import IN_WORDS
from surveys.messaging.rendering import Rendered
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState, OccasionState

MASKED_NAME = "‹name›"
SENTENCES: Mapping[str, str] = {
    MessageState.SENT: "The mail server accepted it.",
    MessageState.BOUNCED: "The mail server accepted it, but it came back.",
    MessageState.SENDING: "A worker is handing it over.",
    MessageState.UNKNOWN: "The connection broke while it was handed over; it may have arrived.",
}


def messages(
    study: Study, *, state: str = "", kind: str = "", wave: str = "", participant: str = ""
) -> QuerySet[Message]:
    """The study's messages, the latest first; empty filters let everything through."""
    wanted = {
        "state": state,
        "kind": kind,
        "occasion__wave": wave,
        "occasion__participant__code": participant,
    }
    return (
        Message.objects.filter(occasion__participant__study=study)
        .filter(**{key: value for key, value in wanted.items() if value})
        .select_related("occasion__participant")
        .order_by("-due_at", "-id")
    )


def counts(study: Study) -> Mapping[str, int]:
    """How many messages stand in each state, zero included."""
    found = (
        Message.objects.filter(occasion__participant__study=study)
        .values_list("state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return {state.value: 0 for state in MessageState} | dict(found)


def preview(message: Message) -> Rendered:
    """The message as it is or was mailed, with name and personal link masked.

    Rendered anew from the protocol version and language of the message, so no address and no
    finished mail need to be kept. Raises CannotRender.
    """
    return Composer().compose(
        Letter.of(message), name=MASKED_NAME, links=masked(settings.PUBLIC_ORIGIN)
    )


def why(message: Message) -> str:
    """In a sentence, where a message stands and why it was not sent."""
    if message.state in SENTENCES:
        return SENTENCES[message.state]
    if message.state == MessageState.DUE:
        return _why_due(message)
    reason = IN_WORDS.get(message.why_not, message.why_not)
    words = "" if message.state == MessageState.MISSED else _last_words(message)
    return f"Not sent: {reason}{words}."


def _why_due(message: Message) -> str:
    occasion = message.occasion
    if occasion.participant.study.is_paused:
        return "Waits while the study is paused."
    if occasion.state == OccasionState.PLANNED:
        return "Waits until the questionnaire opens."
    if message.n_attempts:
        tries = "attempt" if message.n_attempts == 1 else "attempts"
        return f"To be tried again, after {message.n_attempts} {tries}{_last_words(message)}."
    return "Planned."


def _last_words(message: Message) -> str:
    last = DeliveryAttempt.objects.filter(message=message).order_by("-n").first()
    return f"; the last answer was “{last.reply}”" if last and last.reply else ""
