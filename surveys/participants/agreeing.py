"""The consent as a person signs it: the text they saw and what they ticked, as one text. Pure.

Called by the sign-up pages and by enrolment, which keeps it with its hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from surveys.design.protocol import Protocol
from surveys.lib.documents import content_hash
from surveys.lib.languages import pick


class StatementMissing(ValueError):
    """Statements that must be ticked are not; `missing` has their places, from 0."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        super().__init__(f"statements {missing} are not agreed to")
        self.missing = missing


def signed_text(protocol: Protocol, *, language: str, ticked: Collection[int], at: datetime) -> str:
    """Markdown of what somebody agrees to at that moment; raises StatementMissing."""
    consent = protocol.consent
    required = {n for n, statement in enumerate(consent.statements) if statement.required}
    if missing := tuple(sorted(required - set(ticked))):
        raise StatementMissing(missing)
    marks = [
        f"- [{'x' if n in ticked else ' '}] {pick(each.text, language, protocol.languages)}"
        for n, each in enumerate(consent.statements)
    ]
    parts = [
        f"# {pick(protocol.title, language, protocol.languages)}",
        pick(consent.text, language, protocol.languages),
        "\n".join(marks),
        f"{protocol.study} · {consent.version} · {language} · {at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return "\n\n".join(part for part in parts if part)


def unsigned_text(protocol: Protocol, language: str) -> str:
    """Markdown of what people are asked to agree to: the text, then its statements."""
    statements = [
        f"- {pick(each.text, language, protocol.languages)}" for each in protocol.consent.statements
    ]
    text = pick(protocol.consent.text, language, protocol.languages)
    return "\n\n".join(part for part in (text, "\n".join(statements)) if part)


def text_hash(protocol: Protocol, language: str) -> str:
    """SHA-256 of the consent text itself, as everybody sees it in that language."""
    return content_hash(pick(protocol.consent.text, language, protocol.languages))


def signed_hash(text: str) -> str:
    """SHA-256 of a signed text, as 64 hex digits; empty for none."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
