"""A small world for tests: one study, a few people, their occasions and messages, as plain rows.

Nothing here goes through enrolment or planning, so a test says exactly which rows it starts from.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from surveys.design.models import ProtocolVersion, Study
from surveys.instruments.models import InstrumentVersion
from surveys.lib.documents import content_hash
from surveys.participants.identity.actions import NewPerson, remember_all
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageKind, OccasionState

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def instrument_document(code: str = "calm", version: int = 1) -> dict[str, Any]:
    """Three items with one mean score, the third reversed."""
    options = [
        {"code": n, "label": {"en": en, "de": de}}
        for n, en, de in [(0, "Never", "Nie"), (1, "Often", "Oft"), (2, "Always", "Immer")]
    ]
    items = [
        {
            "code": f"calm{n}",
            "kind": "single",
            "options": "how_often",
            "text": {"en": f"Calm question {n}", "de": f"Ruhefrage {n}"},
        }
        for n in (1, 2, 3)
    ]
    return {
        "instrument": code,
        "version": version,
        "title": {"en": "Calm", "de": "Ruhe"},
        "languages": ["en", "de"],
        "validation_status": "none",
        "citation": "Made for the tests",
        "licence": {"name": "Apache-2.0", "statement": "Free to use"},
        "response_sets": {"how_often": options},
        "items": items,
        "scales": [
            {
                "code": "calm",
                "title": {"en": "Calm", "de": "Ruhe"},
                "high": {"en": "calmer", "de": "ruhiger"},
                "rule": {"method": "mean", "min_answered": 2},
                "keys": [{"item": "calm1"}, {"item": "calm2"}, {"item": "calm3", "sign": -1}],
            }
        ],
    }


def wave_document(code: str, offset: str, **changes: Any) -> dict[str, Any]:
    """One wave that opens at nine in the morning for two weeks, with one reminder."""
    return {
        "code": code,
        "title": {"en": code.title(), "de": code.title()},
        "instruments": ["calm@1"],
        "schedule": {"anchor": "enrollment", "offset": offset, "at": "09:00"},
        "window": {"start_within": "P14D", "finish_within": "P2D"},
        "reminders": ["P3D"],
    } | changes


def protocol_document(study: str = "calm-year", **changes: Any) -> dict[str, Any]:
    """A baseline and a follow-up, no arms, English and German."""
    return {
        "study": study,
        "title": {"en": "A year of calm", "de": "Ein Jahr Ruhe"},
        "languages": ["en", "de"],
        "timezone": "Europe/Berlin",
        "retention": {"contact": "P1Y", "data": "P10Y"},
        "contact": {
            "name": "Study office",
            "email": "office@study.example",
            "crisis": {"en": "In an emergency call 112.", "de": "Im Notfall wählen Sie 112."},
        },
        "consent": {
            "version": 1,
            "text": {"en": "I take part.", "de": "Ich nehme teil."},
            "withdrawal": "keep-collected-data",
        },
        "waves": [wave_document("baseline", "P0D"), wave_document("m3", "P3M")],
        "messages": {
            "invitation": {
                "subject": {"en": "{study}: your questionnaire", "de": "{study}: Ihr Fragebogen"},
                "body": {
                    "en": "Dear {name},\n\nplease answer by {closes_date}.\n\n{link}",
                    "de": "Guten Tag {name},\n\nbitte antworten Sie bis {closes_date}.\n\n{link}",
                },
            },
            "reminder": {
                "subject": {"en": "A reminder: {study}", "de": "Erinnerung: {study}"},
                "body": {
                    "en": "Dear {name},\n\nthere is still time.\n\n{link}",
                    "de": "Guten Tag {name},\n\nnoch ist Zeit.\n\n{link}",
                },
            },
        },
    } | changes


def make_instrument(code: str = "calm", version: int = 1) -> InstrumentVersion:
    """The instrument as a row; the same row when asked twice."""
    document = instrument_document(code, version)
    row, _ = InstrumentVersion.objects.get_or_create(
        code=code,
        version=version,
        defaults={
            "content_hash": content_hash(document),
            "document": document,
            "added_at": NOW - 30 * DAY,
        },
    )
    return row


def make_study(code: str = "calm-year", **changes: Any) -> Study:
    """A study with version 1 of its protocol published; `changes` replace keys of the document."""
    make_instrument()
    document = protocol_document(code, **changes)
    study = Study.objects.create(
        code=code, title=document["title"], seed="seed", created_at=NOW - 30 * DAY
    )
    ProtocolVersion.objects.create(
        study=study,
        version=1,
        content_hash=content_hash(document),
        document=document,
        published_at=NOW - 29 * DAY,
    )
    return study


def make_participant(study: Study, code: str = "AAAA-0001", **changes: Any) -> Participant:
    """An enrolled English speaker in Berlin, without contact details."""
    values: dict[str, Any] = {
        "study": study,
        "protocol": study.protocols.latest("version"),
        "code": code,
        "language": "en",
        "timezone": "Europe/Berlin",
        "enrolled_at": NOW - DAY,
    }
    return Participant.objects.create(**values | changes)


def make_person(
    study: Study, code: str = "AAAA-0001", *, name: str = "Ada", email: str = "", **changes: Any
) -> Participant:
    """A participant whose name and address are known; the address follows the code."""
    participant = make_participant(study, code, **changes)
    email = email or f"{code.lower()}@mail.example"
    remember_all([NewPerson(participant, email, name)])
    return participant


def make_occasion(
    participant: Participant, wave: str = "baseline", nth: int = 1, **changes: Any
) -> Occasion:
    """An occasion whose window opened an hour ago and runs for two weeks.

    Begun or completed, it has the times that belong to that.
    """
    values: dict[str, Any] = {
        "participant": participant,
        "protocol": participant.protocol,
        "wave": wave,
        "nth": nth,
        "state": OccasionState.OPEN,
        "opens_at": NOW - timedelta(hours=1),
        "closes_at": NOW + 14 * DAY,
    } | changes
    if values["state"] in {OccasionState.STARTED, OccasionState.COMPLETED}:
        values.setdefault("started_at", NOW - timedelta(minutes=30))
    if values["state"] == OccasionState.COMPLETED:
        values.setdefault("ended_at", NOW - timedelta(minutes=10))
    return Occasion.objects.create(**values)


def make_message(
    occasion: Occasion, kind: str = MessageKind.INVITATION, nth: int = 1, **changes: Any
) -> Message:
    """A message that became due an hour ago."""
    values: dict[str, Any] = {
        "occasion": occasion,
        "kind": kind,
        "nth": nth,
        "due_at": NOW - timedelta(hours=1),
    }
    return Message.objects.create(**values | changes)
