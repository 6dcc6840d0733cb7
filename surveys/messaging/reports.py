"""What a mail provider reports about one mail, in our words. Pure; the API's face calls this.

The providers' own words are brought into one form by anymail; here they become a verdict about
one of our messages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from surveys.messaging.printable import printable
from surveys.messaging.providers import MARK, PROVIDERS

OURS = re.compile(r"<?m-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>@\s]+>?")
NO_SUCH_ADDRESS = re.compile(r"\b5\.1\.(?:1|2|3|6|10)\b")  # RFC 3463, RFC 7505
LONGEST_ID = 200


class Verdict(StrEnum):
    """The kinds of report that change something; all others only tell that the mail was taken."""

    BOUNCED = "bounced"  # returned, and the address is no good
    SOFT_BOUNCED = "soft_bounced"  # returned, though the address may be good
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"  # by a link of the provider's own


class TrackingEvent(Protocol):
    """Anymail's event, as far as we read it."""

    event_type: str
    event_id: str | None
    timestamp: datetime | None
    message_id: object
    metadata: Mapping[str, Any] | None
    recipient: str | None
    reject_reason: str | None
    description: str | None
    mta_response: str | None
    esp_event: Any


@dataclass(frozen=True)
class Report:
    """One report about one message; `kind` is a Verdict or anymail's word."""

    provider: str
    event_id: str
    kind: str
    message: UUID
    happened_at: datetime
    detail: str
    recipient: str = field(default="", repr=False)


def read(event: TrackingEvent, *, provider: str, now: datetime) -> Report | None:
    """The report, or None when it names no message of ours. `now` stands in for a missing time."""
    message = _message_of(event)
    if message is None:
        return None
    kind = _kind_of(event, provider)
    return Report(
        provider=provider,
        event_id=_id_of(event, kind, message),
        kind=kind,
        message=message,
        happened_at=_aware(event.timestamp or now),
        detail=printable(str(event.mta_response or event.description or "")),
        recipient=event.recipient or "",
    )


def _kind_of(event: TrackingEvent, provider: str) -> str:
    match event.event_type, event.reject_reason:
        case ("complained", _) | ("rejected", "spam"):
            return Verdict.COMPLAINED
        case ("unsubscribed", _) | ("rejected", "unsubscribed"):
            return Verdict.UNSUBSCRIBED
        case (("bounced" | "rejected"), ("bounced" | "invalid" | None) as reason):
            is_certain = event.event_type == "bounced" or reason is not None
            is_soft = _is_soft(event, provider)
            return Verdict.BOUNCED if is_certain and not is_soft else Verdict.SOFT_BOUNCED
        case (("bounced" | "rejected" | "failed"), _):
            is_bad = NO_SUCH_ADDRESS.search(str(event.mta_response or ""))
            return Verdict.BOUNCED if is_bad else Verdict.SOFT_BOUNCED
        case _:
            return event.event_type


def _is_soft(event: TrackingEvent, provider: str) -> bool:
    raw = event.esp_event
    return isinstance(raw, Mapping) and PROVIDERS[provider].is_soft(raw)


def _message_of(event: TrackingEvent) -> UUID | None:
    """The message by our Message-ID or our metadata, or by our Message-ID anywhere in the report."""
    texts = (str(event.message_id or ""), *_texts(event.esp_event))
    found = next((match[1] for text in texts if (match := OURS.fullmatch(text.strip()))), None)
    marked = str((event.metadata or {}).get(MARK, ""))
    try:
        return UUID(found or marked)
    except ValueError:
        return None


def _texts(raw: object) -> Iterator[str]:
    """Every string in what a provider sent."""
    if isinstance(raw, str):
        yield raw
    elif isinstance(raw, Mapping):
        for value in raw.values():
            yield from _texts(value)
    elif isinstance(raw, Iterable) and not isinstance(raw, bytes):
        for value in raw:
            yield from _texts(value)


def _id_of(event: TrackingEvent, kind: str, message: UUID) -> str:
    """What tells a repeated report from a new one; a digest where the provider gives no id."""
    if event.event_id and len(event.event_id) <= LONGEST_ID:
        return event.event_id
    when = event.timestamp.isoformat() if event.timestamp else ""
    facts = "\n".join((event.event_id or "", kind, str(message), when))
    return hashlib.sha256(facts.encode()).hexdigest()


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
