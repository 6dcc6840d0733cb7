"""A rendered message as an e-mail for exactly one address. Pure; the delivery calls it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from surveys.messaging.rendering import CannotRender, Rendered

_LINE_BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True)
class Sender:
    """Who every mail comes from, and the host in its Message-ID."""

    address: Address
    host: str

    @classmethod
    def of(cls, mail_from: str, public_origin: str) -> Sender:
        """From the settings; raises ValueError when `mail_from` is no address."""
        name, spec = parseaddr(mail_from)
        address = Address(name, addr_spec=spec)
        return cls(address, urlsplit(public_origin).hostname or address.domain)


def message_id(message: UUID, host: str) -> str:
    """The same for every attempt, so that a repeated mail can be recognised."""
    return f"<m-{message}@{host}>"


def build(
    rendered: Rendered, *, message: UUID, sender: Sender, to: str, reply_to: str, now: datetime
) -> EmailMessage:
    """The mail; raises CannotRender when an address or a header cannot be written safely."""
    email = EmailMessage(policy=SMTP)
    try:
        email["From"] = sender.address
        email["To"] = Address(addr_spec=_one_ascii_address(to))
        email["Reply-To"] = Address(addr_spec=_one_ascii_address(reply_to))
        email["Subject"] = _one_line("subject", rendered.subject)
        email["Date"] = format_datetime(now)
        email["Message-ID"] = message_id(message, sender.host)
        email["Auto-Submitted"] = "auto-generated"
        email.set_content(rendered.text)
        email.add_alternative(rendered.html, subtype="html")
    except (MessageError, ValueError, IndexError) as error:
        raise CannotRender(f"no mail can be made of this: {error}") from error
    email.set_boundary(f"=_{message.hex}")
    return email


def _one_ascii_address(text: str) -> str:
    """One address as a mail server takes it: the domain in its ASCII form."""
    local, at, domain = _one_line("address", text).rpartition("@")
    if not (local and at and domain) or not local.isascii() or re.search(r"[\s,;:<>@\"]", local):
        raise CannotRender("the address is not exactly one plain mail address")
    if domain.isascii():
        return text
    return f"{local}@{domain.encode('idna').decode()}"


def _one_line(what: str, text: str) -> str:
    if _LINE_BREAKING.search(text):
        raise CannotRender(f"the {what} holds a control character")
    return text
