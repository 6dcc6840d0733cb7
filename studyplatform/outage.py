"""What people see when the database or the broker is away, or when we made a mistake.

Django calls `server_error` for every uncaught exception, wherever it was raised: in a view, or
in a middleware that touches the session. After a POST the page holds all that was typed and
sends it again, so nothing is lost. It needs no database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import redis
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils import translation
from kombu.exceptions import OperationalError as BrokerError

from surveys.lib.languages import pick

AWAY = (OperationalError, InterfaceError, BrokerError, redis.RedisError)
RETRY_SECONDS = 30
NOT_KEPT = ("password", "otp")  # nobody wants these in a page

TEXTS = {
    "away_title": {"en": "One moment, please", "de": "Einen Moment, bitte"},
    "away": {
        "en": "The study server cannot reach its database right now. That is not your fault.",
        "de": "Der Studienserver erreicht gerade seine Datenbank nicht. Das liegt nicht an Ihnen.",
    },
    "broken_title": {"en": "Something went wrong", "de": "Etwas ist schiefgegangen"},
    "broken": {
        "en": "We made a mistake. It has been noted and we will look at it.",
        "de": "Uns ist ein Fehler unterlaufen. Er wurde vermerkt, und wir sehen ihn uns an.",
    },
    "kept": {
        "en": "What you entered is kept in this page. Please leave it open, wait a moment, and"
        " press the button.",
        "de": "Was Sie eingegeben haben, ist in dieser Seite aufgehoben. Bitte lassen Sie sie"
        " offen, warten Sie einen Moment und drücken Sie den Knopf.",
    },
    "files": {
        "en": "A chosen file cannot be kept; please choose it again afterwards.",
        "de": "Eine ausgewählte Datei kann nicht aufgehoben werden; bitte wählen Sie sie danach"
        " noch einmal aus.",
    },
    "again": {"en": "Try again", "de": "Noch einmal versuchen"},
}


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; called while the exception is being handled."""
    is_away = _is_away(sys.exc_info()[1])
    status = 503 if is_away else 500
    response = _machine(status) if _wants_json(request) else _page(request, status)
    if is_away:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _is_away(error: BaseException | None) -> bool:
    """Whether the error, or what it came from, is a server that does not answer."""
    while error is not None:
        if isinstance(error, AWAY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or not request.accepts("text/html")


def _machine(status: int) -> HttpResponse:
    detail = "The database cannot be reached; try again." if status == 503 else "Our mistake."
    return JsonResponse({"detail": detail}, status=status)


def _page(request: HttpRequest, status: int) -> HttpResponse:
    language = translation.get_language_from_request(request)
    kind = "away" if status == 503 else "broken"
    context = {
        "language": language,
        "text": {name: pick(text, language, ("en",)) for name, text in TEXTS.items()},
        "title": pick(TEXTS[f"{kind}_title"], language, ("en",)),
        "what": pick(TEXTS[kind], language, ("en",)),
        "action": request.get_full_path(),
        "is_post": request.method == "POST",
        "fields": list(_typed(request)),
        "has_files": "multipart" in (request.content_type or ""),
    }
    return HttpResponse(render_to_string("studyplatform/outage.html", context), status=status)


def _typed(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Every posted field, several values of one name too."""
    try:
        posted = list(request.POST.lists())
    except (SuspiciousOperation, UnreadablePostError, OSError):
        return
    for name, values in posted:
        if not any(word in name.lower() for word in NOT_KEPT):
            yield from ((name, str(value)) for value in values)
