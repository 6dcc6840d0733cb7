"""A study whose consent text changes while people take part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design import actions as design
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.queries import current
from surveys.participants.models import ConsentRecord, Participant
from tests.world import NOW

BY = Actor.system("test")
NEW_TEXT = {"en": "We ask you **five** times.", "de": "Wir fragen Sie **fünf** Mal."}
STATEMENTS = [
    {"text": {"en": "I have read the new text.", "de": "Ich habe den neuen Text gelesen."}},
    {"text": {"en": "Write to me later.", "de": "Später anschreiben."}, "required": False},
]


def consent(version: int = 2, renewal: str | None = "required", **changes: Any) -> dict[str, Any]:
    """The consent block of an amendment."""
    values = {
        "version": version,
        "text": NEW_TEXT,
        "withdrawal": "keep-collected-data",
        "statements": STATEMENTS,
        "renewal": renewal,
    }
    return values | changes


def draft(study: Study, block: dict[str, Any], *, now: datetime = NOW, **changes: Any) -> None:
    """The version in force with another consent, as a draft."""
    document = {**current(study).document, **changes, "consent": block}
    design.load(protocol=Protocol.model_validate(document), by=BY, now=now)
    study.refresh_from_db()


def amend(
    study: Study, block: dict[str, Any] | None = None, *, now: datetime = NOW, **changes: Any
) -> ProtocolVersion:
    """Publish another consent, which must be agreed to anew unless the block says otherwise."""
    draft(study, block or consent(), now=now, **changes)
    return pipeline.publish(study=study, reason="The board asked for it", by=BY, now=now).version


def agreed(person: Participant, version: int = 1, **changes: Any) -> ConsentRecord:
    """A consent on record."""
    values = {
        "language": "en", "text_hash": "0" * 64, "given_at": NOW, "source": "csv",
    }  # fmt: skip
    return ConsentRecord.objects.create(
        participant=person, version=version, **{**values, **changes}
    )
