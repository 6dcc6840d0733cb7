"""How the answers came about: order shown, times, changes, page dwell, language. Pure.

The shape, stored beside the answers of one submission:

    {"language": "en", "layout": "items", "order": [codes in the order shown],
     "items": {code: {"first": s, "last": s, "changes": n}},      seconds since the start
     "pages": [{"page": 1, "shown": iso, "saved": iso, "seconds": s}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from surveys.responding.answers import Answer

LAYOUT = "items"  # one question after the other, never a grid


@dataclass(frozen=True)
class Visit:
    """One stay on one page. `seconds` is how long it was in sight, as the browser counted."""

    page: int
    items: Sequence[str]
    language: str
    shown_at: datetime | None
    saved_at: datetime
    seconds: float | None = None

    @property
    def dwell(self) -> float | None:
        """Seconds on the page: the browser's count, never more than the time that passed."""
        if self.shown_at is None:
            return None
        passed = (self.saved_at - self.shown_at).total_seconds()
        seconds = passed if self.seconds is None else min(self.seconds, passed)
        return round(max(seconds, 0.0), 1)


def merge(
    paradata: Mapping[str, Any],
    visit: Visit,
    *,
    started_at: datetime,
    before: Mapping[str, Answer],
    after: Mapping[str, Answer],
) -> dict[str, Any]:
    """The paradata with one more visit; `before` and `after` are the answers around it.

    A double click posts the same showing of a page twice; that is still one visit.
    """
    page = _page(visit)
    earlier = list(paradata.get("pages", ()))
    if before == after and earlier and _showing(earlier[-1]) == _showing(page):
        return dict(paradata)
    order = list(paradata.get("order", ()))
    times = dict(paradata.get("items", {}))
    second = round(max((visit.saved_at - started_at).total_seconds(), 0.0), 1)
    for code in visit.items:
        if after.get(code) != before.get(code):
            times[code] = _answered(times.get(code), second)
    return {
        "language": visit.language,
        "layout": LAYOUT,
        "order": order + [code for code in visit.items if code not in order],
        "items": times,
        "pages": [*earlier, page],
    }


def seconds_of(text: str) -> float | None:
    """The browser's count of seconds, or None when it sent nothing usable."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _answered(times: Mapping[str, Any] | None, second: float) -> dict[str, Any]:
    if times is None:
        return {"first": second, "last": second, "changes": 0}
    return {"first": times["first"], "last": second, "changes": times["changes"] + 1}


def _page(visit: Visit) -> dict[str, Any]:
    return {
        "page": visit.page,
        "shown": _iso(visit.shown_at) if visit.shown_at else None,
        "saved": _iso(visit.saved_at),
        "seconds": visit.dwell,
    }


def _showing(page: Mapping[str, Any]) -> tuple[int, str | None]:
    return page["page"], page["shown"]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
