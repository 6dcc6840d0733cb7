"""What a participant's browser carries: a signed cookie for one occasion, and signed pages.

There is no session in the database. The cookie is bound to one occasion and to the generation of
its link, so revoking the link ends the visit. Each page carries its own occasion as well, so that
answers cannot be filed under another one that was opened meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from surveys.responding.places import Place
from surveys.scheduling.models import Occasion

COOKIE_AGE = timedelta(days=1)  # real time; browsers drop the cookie earlier, when they close
PAGE_AGE = timedelta(days=14)

_PASS = signing.TimestampSigner(salt="portal.pass")
_PAGE = signing.TimestampSigner(salt="portal.page")


@dataclass(frozen=True)
class Pass:
    """Which occasion this browser may answer, in which language, and the page it is on."""

    occasion: UUID
    generation: int
    language: str
    place: Place | None = None


@dataclass(frozen=True)
class PageSeal:
    """Which occasion a page was shown for, and when."""

    occasion: UUID
    generation: int
    shown_at: datetime


def cookie_name() -> str:
    """With HTTPS a name that browsers accept from this very host only."""
    return "__Host-survey" if settings.IS_HTTPS else "survey"


def read_pass(request: HttpRequest) -> Pass | None:
    """The browser's pass; None when there is none, or it is forged or too old."""
    content = _opened(_PASS, request.COOKIES.get(cookie_name(), ""), COOKIE_AGE)
    if content is None:
        return None
    occasion, generation, language, *place = content
    return Pass(UUID(occasion), generation, language, Place(*place) if place else None)


def give_pass(response: HttpResponse, visit: Pass) -> None:
    """Set or renew the cookie; it ends with the browser's session, at the latest after a day."""
    place = [visit.place.instrument, visit.place.page] if visit.place else []
    content = [str(visit.occasion), visit.generation, visit.language, *place]
    response.set_cookie(
        cookie_name(),
        _PASS.sign_object(content),
        path="/",
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def seal(occasion: Occasion, shown_at: datetime) -> str:
    """The hidden field of a page: its occasion and when it was shown, signed."""
    content = [str(occasion.id), occasion.link_generation, shown_at.isoformat()]
    return _PAGE.sign_object(content)


def read_seal(posted: str) -> PageSeal | None:
    """Undo `seal`; None when the field is missing, forged or too old."""
    content = _opened(_PAGE, posted, PAGE_AGE)
    if content is None:
        return None
    occasion, generation, shown_at = content
    return PageSeal(UUID(occasion), generation, datetime.fromisoformat(shown_at))


def _opened(signer: signing.TimestampSigner, signed: str, age: timedelta) -> list[Any] | None:
    try:
        content: list[Any] = signer.unsign_object(signed, max_age=age)
    except signing.BadSignature:
        return None
    return content
