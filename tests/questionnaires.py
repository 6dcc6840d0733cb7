"""Questionnaires for tests: every kind of item, several pages, drawn orders, attention items."""

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

MORE_KINDS_DOCUMENT = document(
    "more-kinds",
    [
        {"code": "welcome", "kind": "information", "text": _both("First some facts.")},
        {"code": "taken", "kind": "consent", "text": _both("I have read this.")},
        {
            "code": "help",
            "kind": "multiple",
            "options": "helpers",
            "most": 2,
            "text": _both("Who helps?"),
        },
        {"code": "order", "kind": "ranking", "options": "three", "text": _both("What first?")},
        {
            "code": "born",
            "kind": "date",
            "asides": "unsaid",
            "earliest": "1900-01-01",
            "latest": "2020-12-31",
            "text": _both("When were you born?"),
        },
        {"code": "asleep", "kind": "time", "text": _both("When do you go to bed?")},
        {
            "code": "warmth",
            "kind": "slider",
            "min": 0,
            "max": 100,
            "ends": {"low": _both("cold"), "high": _both("warm")},
            "text": _both("How warm?"),
        },
        {
            "code": "children",
            "kind": "number",
            "min": 0,
            "max": 20,
            "asides": "unsaid",
            "text": _both("How many children?"),
        },
        {"code": "name", "kind": "text", "asides": "unsaid", "text": _both("First name?")},
        {
            "code": "near",
            "kind": "single",
            "options": "three",
            "asides": "unsaid",
            "text": _both("I am near."),
        },
        {
            "code": "far",
            "kind": "single",
            "options": "three",
            "asides": "unsaid",
            "text": _both("I am far."),
        },
    ],
    response_sets={
        "helpers": [
            *_options("Family", "Friends", "Colleagues"),
            {"code": 0, "label": _both("Nobody"), "exclusive": True},
            {"code": -9, "label": _both("Prefer not to say"), "missing": "declined"},
        ],
        "three": _options("Rarely", "Sometimes", "Often"),
        "unsaid": [
            {"code": -8, "label": _both("Does not apply"), "missing": "not_applicable"},
            {"code": -9, "label": _both("Prefer not to say"), "missing": "declined"},
        ],
    },
    sections=[
        {"items": ["welcome"]},
        {"items": ["taken", "help", "order", "born", "asleep", "warmth"], "title": _both("You")},
        {"items": ["children", "name"], "items_per_page": 1},
        {
            "items": ["near", "far"],
            "layout": "set",
            "title": _both("Others"),
            "instructions": _both("How often?"),
        },
    ],
)

MORE_KINDS = Instrument.model_validate(MORE_KINDS_DOCUMENT)

_AGREE = {"kind": "single", "options": "agree"}
_UNSAID = {"code": -9, "label": _both("Prefer not to say"), "missing": True}

# Three ratings, a list and two attention items; all change places but the welcome.
SHUFFLED = Instrument.model_validate(
    document(
        "shuffled",
        [
            {
                "code": "welcome",
                "kind": "information",
                "text": _both("About closeness."),
                "pinned": True,
            },
            {"code": "a", **_AGREE, "text": _both("I am near.")},
            {"code": "b", **_AGREE, "text": _both("I am far.")},
            {"code": "c", **_AGREE, "text": _both("I am in between.")},
            {
                "code": "help",
                "kind": "multiple",
                "options": "helpers",
                "text": _both("Who helps?"),
            },
            {
                "code": "instructed",
                **_AGREE,
                "expect": [5],
                "text": _both("Please choose “Fully” here."),
            },
            {
                "code": "bogus",
                **_AGREE,
                "expect": [1, 2],
                "text": _both("I was born on the moon."),
            },
        ],
        items_per_page=20,
        shuffle={"items": True, "options": ["helpers"]},
        response_sets={
            "agree": [*_options("Not at all", "Little", "Partly", "Mostly", "Fully"), _UNSAID],
            "helpers": [*_options("Family", "Friends", "Colleagues"), _UNSAID],
        },
        scales=[
            {
                "code": "abc",
                "title": _both("Closeness"),
                "high": _both("closer"),
                "rule": {"method": "mean", "min_answered": 3},
                "keys": [{"item": code} for code in ("a", "b", "c")],
            }
        ],
    )
)
