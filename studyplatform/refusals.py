"""Requests that no browser or program of good will sends get a 4xx before anything reads them.

Django limits form fields but not files, and some broken headers would surprise it, PostgreSQL or
the API's login. The settings name the middleware, the URL map what Django itself refuses with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotFound
from django.template.loader import render_to_string
from django.views import defaults

from studyplatform.problems import is_for_api, problem

MOST_DIGITS = 15  # Python reads no number of thousands of digits
UTF_8 = frozenset({"utf-8", "utf8"})


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    detail: str


class RefuseMalformed:
    """A body has a limit, text is UTF-8, and headers hold what headers may hold."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        for refusal in refusals(request):
            if is_for_api(request):
                return problem(*refusal)
            return HttpResponse(
                f"{refusal.detail}\n",
                status=refusal.status,
                content_type="text/plain; charset=utf-8",
            )
        return self.get_response(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: also for too many fields, a foreign host or a file name that is none."""
    if is_for_api(request):
        return problem(400, "The request holds something that cannot be read.")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404. Its own reads what was posted, which nobody may be able to read."""
    return HttpResponseNotFound(render_to_string("404.html", request=request))


def refusals(request: HttpRequest) -> Iterator[Refusal]:
    """Everything that is wrong with a request, before its body is read."""
    if not _is_short(request.META.get("CONTENT_LENGTH") or "0"):
        limit = settings.MAX_BODY_BYTES // 1_000_000
        yield Refusal(413, f"The request is too large; the limit is {limit} MB.")
    if request.META.get("CONTENT_TYPE") and not request.content_type:
        yield Refusal(400, "The Content-Type cannot be read.")
    if (request.content_params or {}).get("charset", "utf-8").lower() not in UTF_8:
        yield Refusal(400, "Only UTF-8 is understood.")  # Django would read addresses with it too
    if not _is_plain(request.META.get("HTTP_AUTHORIZATION", "")):
        yield Refusal(400, "The Authorization header may hold plain ASCII characters only.")
    if not all(value.isprintable() for value in request.COOKIES.values()):
        yield Refusal(400, "A cookie holds a control character.")


def _is_short(length: str) -> bool:
    is_number = length.isdecimal() and len(length) <= MOST_DIGITS
    return is_number and int(length) <= settings.MAX_BODY_BYTES


def _is_plain(header: str) -> bool:
    return header.isascii() and header.isprintable()
