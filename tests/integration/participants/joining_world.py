"""A study that people can join by themselves, and what they say on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from surveys.design.models import Study
from surveys.design.queries import current
from surveys.design.registry import protocol_of
from surveys.participants.agreeing import signed_text
from surveys.participants.joining import Application
from tests.world import make_study

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
OPTIONS = [
    {"code": "north", "label": {"en": "North", "de": "Norden"}},
    {"code": "south", "label": {"en": "South", "de": "Süden"}},
]
SCREENER: list[dict[str, Any]] = [
    {
        "code": "age",
        "kind": "number",
        "text": {"en": "How old are you?", "de": "Wie alt sind Sie?"},
        "min": 0,
        "max": 120,
    },
    {
        "code": "site",
        "kind": "single",
        "text": {"en": "Where do you live?", "de": "Wo leben Sie?"},
        "options": OPTIONS,
    },
]
CONSENT = {
    "version": 1,
    "text": {"en": "We ask you **four** times.", "de": "Wir fragen Sie **vier** Mal."},
    "withdrawal": "keep-collected-data",
    "statements": [
        {"text": {"en": "I have read this.", "de": "Ich habe dies gelesen."}},
        {"text": {"en": "I take part.", "de": "Ich nehme teil."}},
        {"text": {"en": "Write to me later.", "de": "Später anschreiben."}, "required": False},
    ],
}
ARMS = [
    {"code": "abct", "label": {"en": "Therapy", "de": "Therapie"}},
    {"code": "waitlist", "label": {"en": "Waiting list", "de": "Warteliste"}},
]


def joining(**changes: Any) -> dict[str, Any]:
    """The sign-up block with a screener, both sites to choose from."""
    return {"open": True, "screener": SCREENER} | changes


def open_study(
    code: str = "calm-year", *, block: dict[str, Any] | None = None, **changes: Any
) -> Study:
    """A published study that adults may join; arms are drawn for each site."""
    values: dict[str, Any] = {
        "eligibility": "screener.age >= 18",
        "joining": joining(**block or {}),
        "consent": CONSENT,
        "arms": ARMS,
        "allocation": {"method": "permuted-blocks", "block_sizes": [4], "strata": ["site"]},
    }
    return make_study(code, **values | changes)


def application(study: Study, n: int = 0, **changes: Any) -> Application:
    """What the n-th person said who would like to join."""
    protocol = protocol_of(current(study))
    values: dict[str, Any] = {
        "email": f"person{n}@example.org",
        "language": "en",
        "timezone": "Europe/Berlin",
        "consent_version": protocol.consent.version,
        "consented_at": NOW,
        "signed_text": signed_text(protocol, language="en", ticked={0, 1}, at=NOW),
        "consent_language": "en",
        "strata": {"site": "north"},
    }
    return Application(**values | changes)
