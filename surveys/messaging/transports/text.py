"""Text messages: what a gateway's adapter offers, and one for gateways that take JSON over HTTP.

Nothing calls it yet, since no phone numbers are kept: docs/how-to/add-a-text-message-gateway.md
says what is missing. As with mail, "not sent" and "perhaps sent" are never mixed up.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from surveys.messaging.printable import printable
from surveys.messaging.transports import Kind, Outcome, ServerAway

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_READ = 2000  # bytes of a reply
_DIGITS = re.compile(r"\+?\d{7,}")

# Our fault, or a matter of time: certainly not sent, and the number is not to blame.
LATER = frozenset({401, 402, 403, 408, 409, 421, 425, 429, 503})


@dataclass(frozen=True)
class TextMessage:
    """One text for one number. The id lets a gateway see a repetition."""

    id: UUID
    to: str = field(repr=False)
    words: str = field(repr=False)

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.to):
            raise ValueError("a number begins with + and the country, such as +491701234567")


class TextTransport(Protocol):
    """A way to a gateway, for one batch."""

    def send(self, text: TextMessage, before_body: Callable[[], None]) -> Outcome:
        """Hand over one text; `before_body`, ServerAway and the outcome are as for mail."""

    def close(self) -> None:
        """End the session; never raises."""


@dataclass(frozen=True)
class Gateway:
    """Where the gateway is and how it knows us; the time-out is in seconds for each step.

    The token travels with each text, so only this machine may be reached without https.
    """

    url: str
    token: str = field(repr=False)
    sender: str
    timeout: float = 20.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not (is_safe and parts.hostname):
            raise ValueError("a gateway's address begins with https://")


class HttpTextTransport:
    """One POST a text, each over a connection of its own.

    An idle connection may be closed by the other side unseen, and a text sent into it would be
    "perhaps sent" for no good reason.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def send(self, text: TextMessage, before_body: Callable[[], None]) -> Outcome:
        """See `TextTransport.send`."""
        with contextlib.closing(self._connection()) as connection:
            try:
                connection.connect()
            except OSError as error:
                raise ServerAway(f"connect: {error}") from error
            before_body()
            try:
                connection.request("POST", self._path(), self._body(text), self._headers(text))
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                return Outcome(Kind.UNKNOWN, f"request: {type(error).__name__}")
            return Outcome(_kind_of(response.status), _said(response))

    def close(self) -> None:
        """Nothing is kept open."""

    def _connection(self) -> http.client.HTTPConnection:
        parts, timeout = urlsplit(self._gateway.url), self._gateway.timeout
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)

    def _path(self) -> str:
        parts = urlsplit(self._gateway.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _body(self, text: TextMessage) -> bytes:
        fields = {"to": text.to, "from": self._gateway.sender, "text": text.words}
        return json.dumps(fields | {"reference": str(text.id)}).encode()

    def _headers(self, text: TextMessage) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self._gateway.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(text.id),
            "Connection": "close",
        }


def _kind_of(status: int) -> Kind:
    """What a reply means. Behind a 5xx the text may have gone out before something broke."""
    if 200 <= status < 300:
        return Kind.SENT
    if status in LATER or 300 <= status < 400:
        return Kind.TEMPORARY
    return Kind.PERMANENT if 400 <= status < 500 else Kind.UNKNOWN


def _said(response: http.client.HTTPResponse) -> str:
    """The status and a piece of the reply, without the number; a reply may break off behind it."""
    words = b""
    with contextlib.suppress(OSError, http.client.HTTPException):
        words = response.read(MOST_READ)
    text = f"{response.status} {words.decode('utf-8', 'replace')}"
    return printable(_DIGITS.sub("‹number›", text))
