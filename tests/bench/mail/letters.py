"""The finished mails of the outbox in a file, read back as their parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from surveys.messaging.transports import Mail

OF_THE_BUILDER = frozenset({"content-type", "mime-version"})


class Parts(NamedTuple):
    """What a mail is made of before it is built."""

    headers: dict[str, str]
    text: str
    html: str

    def built(self) -> EmailMessage:
        """As anybody builds it with the standard library."""
        message = EmailMessage()
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        return message

    @property
    def row(self) -> str:
        """The UUID of the message's row, which its Message-ID holds."""
        return self.headers["Message-ID"].removeprefix("<m-")[:36]


class Letter(NamedTuple):
    """One mail twice: as the bytes that go out, and as its parts."""

    sender: str
    to: str
    content: str
    parts: Parts


def write(file: Path, mails: Iterable[Mail]) -> None:
    """One JSON line a mail."""
    with file.open("w") as lines:
        for mail in mails:
            row = (mail.sender, mail.to, mail.content.decode("ascii"), _parts(mail.content))
            lines.write(json.dumps(row) + "\n")


def read(file: Path, start: int = 0, step: int = 1) -> Iterator[Letter]:
    """Every `step`-th mail from `start`."""
    for line in file.read_text().splitlines()[start::step]:
        sender, to, content, parts = json.loads(line)
        yield Letter(sender, to, content, Parts(*parts))


def _parts(content: bytes) -> Parts:
    message = message_from_bytes(content, policy=policy.default)
    headers = {k: str(v) for k, v in message.items() if k.lower() not in OF_THE_BUILDER}
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return Parts(headers, plain.get_content(), html.get_content())
