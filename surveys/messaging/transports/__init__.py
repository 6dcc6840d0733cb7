"""How a mail leaves the house: one small protocol, one adapter a file.

The delivery talks to this only, so that text messages can join as another adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Mail:
    """One mail for one address, as it goes over the wire."""

    sender: str
    to: str
    content: bytes


class Kind(StrEnum):
    """How an attempt ended, as far as the sender can know."""

    SENT = "sent"
    TEMPORARY = "temporary"  # certainly not sent; worth another attempt
    PERMANENT = "permanent"  # certainly not sent; this address is refused
    UNKNOWN = "unknown"  # the connection broke after the body began


@dataclass(frozen=True)
class Outcome:
    """The end of one attempt; `reply` is the server's answer, or what broke and where."""

    kind: Kind
    reply: str


class ServerAway(OSError):
    """No session could be opened: nothing was sent, and the next message would fare no better."""


class GateClosed(RuntimeError):
    """Raised by `before_body`: this message must not go out now."""


class Transport(Protocol):
    """One open connection to a mail server, for one batch."""

    def send(self, mail: Mail, before_body: Callable[[], None]) -> Outcome:
        """Hand over one mail.

        `before_body` is called exactly once, right before the body goes out. Whatever it raises
        stops the mail and is passed on. Raises ServerAway when there is no session.
        """

    def close(self) -> None:
        """End the session; never raises."""
