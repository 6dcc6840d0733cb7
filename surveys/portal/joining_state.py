"""What the sign-up pages carry from one to the next: signed, in the form, and without an address.

Nothing is stored on the server before the last page. A state only leads to the page it is for, so
that nobody comes to the address without screener and consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from django.core import signing

SALT = "portal.joining"
AGE = timedelta(days=1)


@dataclass(frozen=True)
class State:
    """How far a visitor came in joining one version of one study; `at` is the page to be posted."""

    study: str
    version: int
    language: str
    at: str = "about"
    strata: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    panel_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    ticked: tuple[int, ...] = ()
    consented_at: str = ""

    def sealed(self) -> str:
        """The hidden field that holds it."""
        return signing.dumps(asdict(self), salt=SALT)


def read_state(sealed: str) -> State | None:
    """Undo `sealed`; None when it is forged, missing or too old."""
    try:
        content: dict[str, Any] = signing.loads(sealed, salt=SALT, max_age=AGE)
    except signing.BadSignature:
        return None
    return State(**{**content, "ticked": tuple(content["ticked"])})
