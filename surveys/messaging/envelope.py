"""A rendered message as a mail for exactly one address. Pure; the delivery calls it.

The few headers and two parts are put together here, since the standard library's builder takes
longer than the mail server does. The tests read the result back with that library.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from surveys.messaging.rendering import CannotRender, Rendered
from surveys.messaging.transports import Mail

PART = """\
--{boundary}
Content-Type: text/{subtype}; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

"""
PLAIN_SUBJECT_LENGTH = 67  # with its name a line of 76; longer ones are folded by encoding them
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ONE_TOO_LONG = re.compile(rb"^(.{74})(=09|=20)(?=\r\n)", re.MULTILINE)
_NOT_PLAIN = re.compile(r"[\s,;:<>()\[\]\\@\"]")


@dataclass(frozen=True)
class Sender:
    """Who every mail comes from, and the host in its Message-ID."""

    address: str
    header: str
    host: str

    @classmethod
    def of(cls, mail_from: str, public_origin: str) -> Sender:
        """From the settings; raises ValueError when `mail_from` is no address."""
        name, spec = parseaddr(mail_from)
        _, at, domain = spec.rpartition("@")
        if not at or _CONTROL.search(mail_from):
            raise ValueError(f"MAIL_FROM={mail_from!r} holds no mail address")
        return cls(spec, formataddr((name, spec)), urlsplit(public_origin).hostname or domain)


def message_id(message: UUID, host: str) -> str:
    """The same for every attempt, so that a repeated mail can be recognised."""
    return f"<m-{message}@{host}>"


def one_click(url: str) -> dict[str, str]:
    """That mail programs may POST to `url` when no more mails are wanted (RFC 8058).

    The first header stays one line, since some servers break their own signature where they fold.
    """
    return {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def build(
    rendered: Rendered,
    *,
    message: UUID,
    sender: Sender,
    to: str,
    reply_to: str,
    headers: Mapping[str, str],
    now: datetime,
) -> Mail:
    """The mail; raises CannotRender when an address or a header cannot be written safely.

    `headers` are further ones, in ASCII, such as `one_click` makes.
    """
    address = _one_ascii_address(to)
    boundary = f"=_{message.hex}"
    head = {
        "From": sender.header,
        "To": address,
        "Reply-To": _one_ascii_address(reply_to),
        "Subject": _subject(rendered.subject),
        "Date": format_datetime(now),
        "Message-ID": message_id(message, sender.host),
        **headers,
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative;\n boundary="{boundary}"',
    }
    lines = "".join(f"{name}: {value}\n" for name, value in head.items())
    parts = [
        _wire(PART.format(boundary=boundary, subtype=subtype)) + _quoted(content)
        for subtype, content in (("plain", rendered.text), ("html", rendered.html))
    ]
    content = _wire(lines + "\n") + b"".join(parts) + _wire(f"--{boundary}--\n")
    return Mail(sender.address, address, content)


def _subject(text: str) -> str:
    if _CONTROL.search(text):
        raise CannotRender("the subject holds a control character")
    if text.isascii() and len(text) <= PLAIN_SUBJECT_LENGTH and "=?" not in text:
        return text
    return Header(text, "utf-8", header_name="Subject").encode()


def _quoted(text: str) -> bytes:
    """Text as quoted-printable, its line ends as mail has them."""
    try:
        wired = _wire(text + "\n", "utf-8")
    except UnicodeEncodeError as error:
        raise CannotRender("the text holds half a character") from error
    # with a line end at hand b2a_qp breaks long lines in the same way, else with a bare newline
    quoted = binascii.b2a_qp(wired, istext=True)
    if b"=09\r\n" in quoted or b"=20\r\n" in quoted:  # three places, which it counts as one
        quoted = _ONE_TOO_LONG.sub(rb"\1=\r\n\2", quoted)
    return quoted


def _wire(text: str, encoding: str = "ascii") -> bytes:
    one_kind = text.replace("\r\n", "\n").replace("\r", "\n")
    return one_kind.replace("\n", "\r\n").encode(encoding)


def _one_ascii_address(text: str) -> str:
    """One address as a mail server takes it: the domain in its ASCII form."""
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or _CONTROL.search(text):
        raise CannotRender("the address is not one mail address")
    if not local.isascii() or _NOT_PLAIN.search(local + domain):
        raise CannotRender("the address is not one plain mail address")
    try:
        return f"{local}@{_ascii_domain(domain)}"
    except UnicodeError as error:
        raise CannotRender("the address has a domain that cannot be") from error


@lru_cache(maxsize=1024)  # a batch of mails goes to few domains
def _ascii_domain(domain: str) -> str:
    return domain.encode("idna").decode()
