"""What people see when a server of ours is away or busy, or when we made a mistake.

Django calls `server_error` for every uncaught exception, wherever it was raised: in a view, or
in a middleware that touches the session. After a POST the page holds all that was typed and
sends it again, so nothing is lost. It needs no database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum

import psycopg
import redis
from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils import translation
from kombu.exceptions import OperationalError as BrokerError

from studyplatform.problems import is_for_api, problem
from surveys.lib.languages import direction, pick

RETRY_SECONDS = 30
NOT_KEPT = ("password", "otp")  # nobody wants these in a page

# SQLSTATEs of PostgreSQL that mean: no connection. Without any, the answer never came.
NO_CONNECTION = ("08", "57P", "53300")


class Trouble(StrEnum):
    """Why there is no proper answer."""

    DATABASE = "database"
    QUEUE = "queue"
    BUSY = "busy"
    BROKEN = "broken"


TEXTS: Mapping[str, Mapping[str, str]] = {
    "wait": {"en": "One moment, please", "de": "Einen Moment, bitte", "ar": "لحظة من فضلك"},
    "wrong": {"en": "Something went wrong", "de": "Etwas ist schiefgegangen", "ar": "حدث خطأ ما"},
    Trouble.DATABASE: {
        "en": "The study server cannot reach its database right now. That is not your fault.",
        "de": "Der Studienserver erreicht gerade seine Datenbank nicht. Das liegt nicht an Ihnen.",
        "ar": "لا يستطيع خادم الدراسة الوصول إلى قاعدة بياناته الآن. وليس ذلك بسببك.",
    },
    Trouble.QUEUE: {
        "en": "The study server cannot reach its job queue right now. That is not your fault.",
        "de": "Der Studienserver erreicht gerade seine Auftragsliste nicht. Das liegt nicht an"
        " Ihnen.",
        "ar": "لا يستطيع خادم الدراسة الوصول إلى قائمة مهامه الآن. وليس ذلك بسببك.",
    },
    Trouble.BUSY: {
        "en": "The study server was busy with something else and could not do this.",
        "de": "Der Studienserver war mit etwas anderem beschäftigt und konnte dies nicht tun.",
        "ar": "كان خادم الدراسة مشغولًا بأمر آخر ولم يتمكن من تنفيذ هذا.",
    },
    Trouble.BROKEN: {
        "en": "We made a mistake. It has been noted and we will look at it.",
        "de": "Uns ist ein Fehler unterlaufen. Er wurde vermerkt, und wir sehen ihn uns an.",
        "ar": "وقع خطأ من جانبنا. وقد سُجّل وسننظر فيه.",
    },
    "kept": {
        "en": "What you entered is kept in this page. Please leave it open, wait a moment, and"
        " press the button.",
        "de": "Was Sie eingegeben haben, ist in dieser Seite aufgehoben. Bitte lassen Sie sie"
        " offen, warten Sie einen Moment und drücken Sie den Knopf.",
        "ar": "ما أدخلته محفوظ في هذه الصفحة. يُرجى إبقاؤها مفتوحة والانتظار لحظة ثم الضغط على الزر.",
    },
    "files": {
        "en": "A chosen file cannot be kept; please choose it again afterwards.",
        "de": "Eine ausgewählte Datei kann nicht aufgehoben werden; bitte wählen Sie sie danach"
        " noch einmal aus.",
        "ar": "لا يمكن حفظ ملف مختار؛ يُرجى اختياره مرة أخرى بعد ذلك.",
    },
    "again": {"en": "Try again", "de": "Noch einmal versuchen", "ar": "المحاولة مرة أخرى"},
}


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500; called while the exception is being handled."""
    trouble = _trouble(sys.exc_info()[1])
    status = 500 if trouble is Trouble.BROKEN else 503
    if is_for_api(request) or not request.accepts("text/html"):
        response: HttpResponse = problem(status, TEXTS[trouble]["en"])
    else:
        response = _page(request, trouble, status)
    if status == 503:
        response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _trouble(error: BaseException | None) -> Trouble:
    """What the error, or what it came from, means to whoever waits for an answer."""
    while error is not None:
        if isinstance(error, BrokerError | redis.RedisError):
            return Trouble.QUEUE
        if isinstance(error, InterfaceError):
            return Trouble.DATABASE
        if isinstance(error, OperationalError):
            return Trouble.DATABASE if _is_away(error) else Trouble.BUSY
        error = error.__cause__ or error.__context__
    return Trouble.BROKEN


def _is_away(error: OperationalError) -> bool:
    """Whether the database cannot be reached; else it said no, as with a deadlock."""
    said = error.__cause__
    state = said.sqlstate if isinstance(said, psycopg.Error) else None
    return state is None or state.startswith(NO_CONNECTION)


def _page(request: HttpRequest, trouble: Trouble, status: int) -> HttpResponse:
    language = translation.get_language_from_request(request)
    text = {name: pick(text, language, ("en",)) for name, text in TEXTS.items()}
    context = {
        "language": language,
        "direction": direction(language),
        "text": text,
        "title": text["wrong" if trouble is Trouble.BROKEN else "wait"],
        "what": text[trouble],
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
