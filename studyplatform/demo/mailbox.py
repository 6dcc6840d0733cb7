"""The simulated people's letter box: reads the mails that the demo's sink received."""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Letter:
    """One mail as its reader sees it."""

    to: str
    message_id: str
    subject: str
    text: str
    link: str


class Mailbox:
    """Reads on from where it stopped; the sink only ever appends."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._folder = folder
        self._link = re.compile(re.escape(origin) + r"/s/[a-z0-9]+/")
        self._read = 0
        self._known: set[str] = set()

    def new(self) -> list[Letter]:
        """The mails that came since the last call, in an order that does not depend on the workers.

        A mail that comes again under its old Message-ID is none, as mail programs see it.
        """
        index = self._folder / "index.jsonl"
        if not index.exists():
            return []
        with index.open("rb") as lines:
            lines.seek(self._read)
            complete = lines.read().rpartition(b"\n")[0]
        self._read += len(complete) + 1 if complete else 0
        mails = [json.loads(line) for line in complete.splitlines()]
        fresh = {mail["message_id"]: mail["file"] for mail in reversed(mails)}
        letters = [self._letter(file) for key, file in fresh.items() if key not in self._known]
        self._known |= fresh.keys()
        return sorted(letters, key=lambda letter: (letter.to, letter.subject))

    def _letter(self, file: str) -> Letter:
        raw = (self._folder / file).read_bytes()
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        link = self._link.search(text)
        if link is None:
            raise ValueError(f"{file}: no personal link in the text part")
        return Letter(
            mail["To"].addresses[0].addr_spec, mail["Message-ID"], mail["Subject"], text, link[0]
        )
