"""The consent as it is shown to be ticked: its text and its sentences. Joining and renewing use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from surveys.design.protocol import Protocol
from surveys.lib import markdown
from surveys.lib.languages import isolated, pick
from surveys.participants.agreeing import StatementMissing, signed_text

Faults: TypeAlias = Mapping[str, Promise]
"""What is wrong, by field; empty when nothing is."""

UNTICKED = _("Please tick this sentence, or do not go on.")


@dataclass(frozen=True)
class Statement:
    """One sentence to be ticked."""

    name: str
    text: str
    is_required: bool
    is_ticked: bool
    problem: Promise | str


def statements(
    protocol: Protocol, language: str, faults: Faults, ticked: Collection[int]
) -> list[Statement]:
    """The sentences of the consent in one language."""
    return [
        Statement(
            f"statement.{n}",
            pick(each.text, language, protocol.languages),
            each.required,
            n in ticked,
            faults.get(f"statement.{n}", ""),
        )
        for n, each in enumerate(protocol.consent.statements)
    ]


def text_of(protocol: Protocol, language: str) -> str:
    """The consent text as HTML."""
    return html(pick(protocol.consent.text, language, protocol.languages), language)


def ticked_in(protocol: Protocol, posted: Mapping[str, str]) -> tuple[int, ...]:
    """The places of the sentences that were ticked, from 0."""
    places = range(len(protocol.consent.statements))
    return tuple(n for n in places if posted.get(f"statement.{n}") == "1")


def faults_of(protocol: Protocol, language: str, posted: Mapping[str, str], at: datetime) -> Faults:
    """What keeps a posted consent from being one."""
    ticked = ticked_in(protocol, posted)
    try:
        signed_text(protocol, language=language, ticked=ticked, at=at)
    except StatementMissing as error:
        return {f"statement.{n}": UNTICKED for n in error.missing}
    if not protocol.consent.statements and posted.get("agree") != "1":
        return {"agree": UNTICKED}
    return {}


def html(text: str, language: str) -> str:
    """Markdown in one language as HTML that templates show as it is."""
    return mark_safe(markdown.to_html(isolated(text, language)))  # noqa: S308 - markdown.to_html lets no HTML through
