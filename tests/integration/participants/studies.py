"""A published study and people for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from surveys.audit.actors import Actor, ActorKind
from surveys.design.models import ProtocolVersion, Study
from surveys.lib.documents import content_hash
from surveys.participants.entries import Entry
from tests.unit.participants.protocols import document

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY = Actor(ActorKind.STAFF, "staff-1")


def published(code: str = "calm", version: int = 1, **changes: Any) -> Study:
    """A study with one published protocol; called again, it gets one more version."""
    study, _ = Study.objects.get_or_create(
        code=code, defaults={"title": {"en": code}, "seed": "seed", "created_at": NOW}
    )
    content = document(study=code, **changes)
    ProtocolVersion.objects.create(
        study=study,
        version=version,
        content_hash=content_hash(content),
        document=content,
        published_at=NOW,
    )
    return study


def entry(n: int = 0, **changes: Any) -> Entry:
    """The n-th person who would like to take part."""
    facts: dict[str, Any] = {
        "email": f"person{n}@example.org",
        "language": "en",
        "timezone": "Europe/Berlin",
        "consent_version": 2,
        "consented_at": datetime(2026, 2, 1, tzinfo=UTC),
        "strata": {"site": "north"},
        "site": "north",
        "row": n + 2,
        **changes,
    }
    return Entry(**facts)
