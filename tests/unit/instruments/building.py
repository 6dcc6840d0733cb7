"""Small instruments for tests: `q1`, `q2`, ... on one response set, and scales by their signs."""

from __future__ import annotations

from typing import Any

from surveys.instruments.definition import Instrument


def scale(code: str, keys: dict[str, int], **more: Any) -> dict[str, Any]:
    """A scale document; `keys` maps items to signs, `method`, `min_answered`, `prorate` go on."""
    rule = {k: more.pop(k) for k in ("method", "min_answered", "prorate") if k in more}
    return {
        "code": code,
        "title": {"en": code},
        "high": {"en": f"more {code}"},
        "rule": {"method": "mean", "min_answered": 1, **rule},
        "keys": [{"item": item, "sign": sign} for item, sign in keys.items()],
        **more,
    }


def document(
    n_items: int = 4, codes: range = range(1, 6), scales: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """An instrument document with `n_items` single items; code 99 is "prefer not to say"."""
    options = [{"code": code, "label": {"en": f"option {code}"}} for code in codes]
    return {
        "instrument": "small",
        "version": 1,
        "title": {"en": "Small"},
        "languages": ["en"],
        "validation_status": "none",
        "citation": "this project",
        "licence": {"name": "CC-BY-4.0", "statement": "Use it."},
        "response_sets": {
            "set": [*options, {"code": 99, "label": {"en": "rather not"}, "missing": True}]
        },
        "items": [
            {"code": f"q{n}", "kind": "single", "options": "set", "text": {"en": f"Question {n}"}}
            for n in range(1, n_items + 1)
        ],
        "scales": scales or [],
    }


def build(
    n_items: int = 4, codes: range = range(1, 6), scales: list[dict[str, Any]] | None = None
) -> Instrument:
    """`document` as an instrument."""
    return Instrument.model_validate(document(n_items, codes, scales))
