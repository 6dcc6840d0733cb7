"""The outbox as researchers see it: which messages, and in which words."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db.models import Count, QuerySet

from surveys.design.models import Study
from surveys.design.protocol import Protocol, Unknown
from surveys.messaging.composing import Composer, Letter
from surveys.messaging.links import masked
from surveys.messaging.rendering import Rendered
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState

MASKED_NAME = "‹name›"


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


def resends_by_itself(protocol: Protocol) -> bool:
    """Whether the study's own rule sends invitations in doubt again, once."""
    return protocol.messages.unknown == Unknown.RESEND_INVITATIONS
