"""Questionnaires for tests: one with every kind of item, one with several pages."""

from __future__ import annotations

from typing import Any

from surveys.instruments.definition import Instrument


def _both(en: str, de: str | None = None) -> dict[str, str]:
    return {"en": en, "de": de or en}


def _options(*labels: str) -> list[dict[str, Any]]:
    return [{"code": n, "label": _both(label)} for n, label in enumerate(labels, start=1)]


def document(code: str, items: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """An instrument around `items`, with two response sets and no scale."""
    return {
        "instrument": code,
        "version": 1,
        "title": _both(code.title()),
        "languages": ["en", "de"],
        "validation_status": "none",
        "citation": "Made for the tests",
        "licence": {"name": "Apache-2.0", "statement": "Free to use"},
        "response_sets": {
            "seven": [
                *_options(
                    "Strongly disagree",
                    "Disagree",
                    "Slightly disagree",
                    "Neither",
                    "Slightly agree",
                    "Agree",
                    "Strongly agree",
                ),
                {"code": -9, "label": _both("Prefer not to say"), "missing": True},
            ],
            "yes": _options("Yes"),
        },
        "items": items,
    } | changes


EVERY_KIND = Instrument.model_validate(
    document(
        "every-kind",
        [
            {"code": "closeness", "kind": "single", "options": "seven", "text": _both("Close?")},
            {
                "code": "age",
                "kind": "number",
                "min": 18,
                "max": 120,
                "unit": _both("years", "Jahre"),
                "text": _both("How old are you?"),
            },
            {
                "code": "hours",
                "kind": "number",
                "whole": False,
                "min": 0.0,
                "max": 24.0,
                "required": "no",
                "text": _both("Hours of sleep?"),
            },
            {"code": "change", "kind": "number", "required": "no", "text": _both("Change?")},
            {
                "code": "note",
                "kind": "text",
                "max_length": 200,
                "required": "no",
                "text": _both("Anything else?"),
            },
            {
                "code": "agree",
                "kind": "single",
                "options": "yes",
                "required": "hard",
                "text": _both("Do you agree?"),
            },
            {
                "code": "action",
                "kind": "single",
                "options": "yes",
                "required": "no",
                "text": _both("Any action?"),
            },
        ],
        items_per_page=3,
    )
)

SHORT = Instrument.model_validate(
    document(
        "short",
        [{"code": "mood", "kind": "single", "options": "seven", "text": _both("Mood?")}],
    )
)
