"""All that is stored about one participant by code, in their language: what a copy is made from.

Name and address are not in it, since they leave the platform in mails alone; nor is what the study
decided by lot, which would unblind a trial.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.instruments.definition import Instrument, Item
from surveys.instruments.piping import plain
from surveys.instruments.registry import instrument_of
from surveys.lib.languages import pick
from surveys.participants.models import Participant
from surveys.portal.own_standing import title_of
from surveys.responding.models import Submission
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState

RECEIVED = (MessageState.SENT, MessageState.UNKNOWN, MessageState.BOUNCED)


def own_copy(participant: Participant, language: str, now: datetime) -> dict[str, Any]:
    """Plain values for JSON and for a page; times are ISO 8601 in UTC."""
    protocol = protocol_of(participant.protocol)
    return {
        "study": pick(protocol.title, language, protocol.languages),
        "made_at": now.isoformat(),
        "participant": participant.code,
        "settings": {
            "status": participant.status,
            "language": participant.language,
            "time_zone": participant.timezone,
            "time_of_day": _text(participant.time_of_day),
            "pause_until": _text(participant.paused_until),
            "reminders": participant.reminders,
            "no_mails_since": _text(participant.unsubscribed_at),
            "joined": _text(participant.enrolled_at),
            "left": _text(participant.withdrawn_at),
        },
        "joining": {
            "joined_by": participant.joined_by,
            "site": participant.site,
            "group": participant.group,
            "panel_id": participant.panel_id,
            **{f"strata.{name}": value for name, value in participant.strata.items()},
            **{f"parameters.{name}": value for name, value in participant.parameters.items()},
        },
        "dates": {each.name: each.on.isoformat() for each in participant.anchors.all()},
        "consents": [
            {
                "version": each.version,
                "language": each.language,
                "given": each.given_at.isoformat(),
                "text_sha256": each.text_hash,
                "signed": each.signed_text,
            }
            for each in participant.consents.order_by("given_at")
        ],
        "answers": list(_answers(participant, protocol, language)),
        "mails": list(_mails(participant, protocol, language)),
    }


def _answers(participant: Participant, protocol: Protocol, language: str) -> Iterator[Any]:
    rows = Submission.objects.filter(occasion__participant=participant)
    rows = rows.select_related("occasion", "instrument")
    for row in rows.order_by("started_at", "pk"):
        definition = instrument_of(row.instrument)
        yield {
            "questionnaire": title_of(protocol, row.occasion.wave, language),
            "part": pick(definition.title, language, definition.languages),
            "begun": row.started_at.isoformat(),
            "handed_in": _text(row.finished_at),
            "erased": _text(row.erased_at),
            "items": [
                {
                    "item": code,
                    "question": _question(definition, code, language),
                    "value": value,
                    "answer": _answer(definition, code, value, language),
                }
                for code, value in row.answers.items()
            ],
        }


def _question(definition: Instrument, code: str, language: str) -> str:
    item = definition.by_code.get(code)
    return plain(pick(item.text, language, definition.languages)) if item else code


def _answer(definition: Instrument, code: str, value: object, language: str) -> str:
    """What was answered, as the page showed it; empty when it was left blank."""
    item = definition.by_code.get(code)
    values = value if isinstance(value, list) else [value]
    return ", ".join(_label(definition, item, one, language) for one in values if one is not None)


def _label(definition: Instrument, item: Item | None, value: object, language: str) -> str:
    for option in definition.options_of(item) if item else ():
        if option.code == value:
            return plain(pick(option.label, language, definition.languages)) or str(value)
    return str(value)


def _mails(participant: Participant, protocol: Protocol, language: str) -> Iterator[Any]:
    rows = Message.objects.filter(occasion__in=Occasion.objects.filter(participant=participant))
    for row in rows.filter(state__in=RECEIVED).select_related("occasion").order_by("due_at"):
        yield {
            "kind": row.kind,
            "questionnaire": title_of(protocol, row.occasion.wave, language),
            "sent": _text(row.sent_at or row.due_at),
        }


def _text(moment: Any) -> str | None:
    return moment.isoformat() if moment else None
