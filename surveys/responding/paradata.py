"""How the answers came about: order shown, times, changes, page dwell, device, language. Pure.

The shape, stored beside the answers of one submission:

    {"language": "en", "layout": "items", "order": [codes in the order shown],
     "options": {response set: [codes in the order shown]},       where options are shuffled
     "items": {code: {"first": s, "last": s, "changes": n}},      seconds since the start
     "pages": [{"page": 1, "shown": iso, "saved": iso, "seconds": s, "device": "phone"}]}

`layout` is "rows" when the options of a question last stood side by side, and "set" when items that
share their options stood in rows under one another. `seconds` leaves out the
time in which the page was hidden. A page that saved itself and was not sent yet has a "turn" too:
the number of the last such save. What a browser tells is optional, and never believed beyond the
time that has really passed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from surveys.responding.answers import Answer

LAYOUT = "items"  # one question after the other
LAYOUTS = frozenset({LAYOUT, "rows", "set"})
DEVICES = frozenset({"phone", "tablet", "desktop"})  # coarse on purpose: no fingerprint
_MOMENT = re.compile(r"([a-z][a-z0-9_]{0,39}):([0-9]{1,6}(?:\.[0-9])?)", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """One stay on one page. `seconds` is how long it was in sight, as the browser counted.

    `touched` says when each item was last answered, in seconds since the page was shown. `turn`
    numbers the times that the page saved itself; without one, somebody sent it.
    """

    page: int
    items: Sequence[str]
    language: str
    shown_at: datetime | None
    saved_at: datetime
    seconds: float | None = None
    touched: Mapping[str, float] = field(default_factory=dict)
    turn: int | None = None
    device: str = ""
    layout: str = LAYOUT
    options: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def dwell(self) -> float | None:
        """Seconds on the page: the browser's count, never more than the time that passed."""
        if self.shown_at is None:
            return None
        passed = (self.saved_at - self.shown_at).total_seconds()
        seconds = passed if self.seconds is None else min(self.seconds, passed)
        return round(max(seconds, 0.0), 1)

    def answered_at(self, code: str) -> datetime:
        """When the item was last answered: as the browser says, within the time of the visit."""
        if self.shown_at is None or code not in self.touched:
            return self.saved_at
        return min(self.shown_at + timedelta(seconds=self.touched[code]), self.saved_at)


def is_late(paradata: Mapping[str, Any], visit: Visit) -> bool:
    """Whether a page that saved itself comes behind a newer save of the same showing."""
    if visit.turn is None:
        return False
    mine = _showing(_page(visit))
    newest = [page.get("turn") for page in paradata.get("pages", ()) if _showing(page) == mine]
    return any(turn is None or turn >= visit.turn for turn in newest)


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
    mine = _showing(page)
    if before == after and any(_showing(each) == mine and "turn" not in each for each in earlier):
        return dict(paradata)
    earlier = [each for each in earlier if _showing(each) != mine or "turn" not in each]
    order = list(paradata.get("order", ()))
    times = dict(paradata.get("items", {}))
    for code in visit.items:
        if after.get(code) != before.get(code):
            passed = (visit.answered_at(code) - started_at).total_seconds()
            times[code] = _answered(times.get(code), round(max(passed, 0.0), 1))
    options = {**paradata.get("options", {}), **visit.options}
    return {
        "language": visit.language,
        "layout": visit.layout,
        "order": order + [code for code in visit.items if code not in order],
        **({"options": options} if options else {}),
        "items": times,
        "pages": [*earlier, page],
    }


def visit_of(
    posted: Mapping[str, str],
    *,
    page: int,
    items: Sequence[str],
    options: Mapping[str, Sequence[int]],
    language: str,
    now: datetime,
    by_itself: bool,
) -> Visit:
    """The visit that a posted page ends, or goes on with when it saved `by_itself`."""
    shown = posted.get("shown")
    device, layout = posted.get("device", ""), posted.get("layout", "")
    return Visit(
        page=page,
        items=items,
        language=language,
        shown_at=min(datetime.fromisoformat(shown), now) if shown else None,
        saved_at=now,
        seconds=seconds_of(posted.get("seconds", "")),
        touched=moments_of(posted.get("touched", "")),
        turn=int(seconds_of(posted.get("turn", "")) or 0) if by_itself else None,
        device=device if device in DEVICES else "",
        layout=layout if layout in LAYOUTS else LAYOUT,
        options=options,
    )


def seconds_of(text: str) -> float | None:
    """The browser's count of seconds, or None when it sent nothing usable."""
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def moments_of(text: str) -> dict[str, float]:
    """When items were answered, from `code:seconds` separated by spaces; what is odd is left out."""
    found = (_MOMENT.fullmatch(piece) for piece in text.split())
    return {match[1]: float(match[2]) for match in found if match}


def _answered(times: Mapping[str, Any] | None, second: float) -> dict[str, Any]:
    if times is None:
        return {"first": second, "last": second, "changes": 0}
    return {
        "first": times["first"],
        "last": max(second, times["last"]),
        "changes": times["changes"] + 1,
    }


def _page(visit: Visit) -> dict[str, Any]:
    page = {
        "page": visit.page,
        "shown": _iso(visit.shown_at) if visit.shown_at else None,
        "saved": _iso(visit.saved_at),
        "seconds": visit.dwell,
    }
    if visit.device:
        page["device"] = visit.device
    return page if visit.turn is None else {**page, "turn": visit.turn}


def _showing(page: Mapping[str, Any]) -> tuple[int, str | None]:
    return page["page"], page["shown"]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
