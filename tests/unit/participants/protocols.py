"""A small study for the tests of enrolment."""

from __future__ import annotations

from typing import Any

from surveys.design.protocol import Protocol

DOCUMENT: dict[str, Any] = {
    "study": "calm",
    "title": {"en": "Calm", "de": "Ruhe"},
    "languages": ["en", "de"],
    "timezone": "Europe/Berlin",
    "retention": {"contact": "P1Y", "data": "P10Y"},
    "contact": {"name": "Office", "email": "office@example.org", "crisis": {"en": "Call 112"}},
    "consent": {
        "version": 2,
        "text": {"en": "I agree.", "de": "Ich stimme zu."},
        "withdrawal": "keep-collected-data",
    },
    "arms": [
        {"code": "abct", "label": {"en": "Therapy"}},
        {"code": "waitlist", "label": {"en": "Waiting list"}},
    ],
    "allocation": {"method": "permuted-blocks", "block_sizes": [4, 6], "strata": ["site"]},
    "anchors": ["therapy_start"],
    "waves": [
        {
            "code": "baseline",
            "instruments": ["mood@1"],
            "schedule": {"anchor": "enrollment"},
        }
    ],
    "messages": {"invitation": {"subject": {"en": "Next"}, "body": {"en": "Please answer."}}},
}


def document(**changes: Any) -> dict[str, Any]:
    """The study's document with some parts replaced; None takes a part out."""
    return {key: value for key, value in {**DOCUMENT, **changes}.items() if value is not None}


def protocol(**changes: Any) -> Protocol:
    """The study with some parts replaced."""
    return Protocol.model_validate(document(**changes))
