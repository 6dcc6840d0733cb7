"""How every participant page is sent: in its language, never cached, never indexed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from surveys.portal.frame import Frame
from surveys.portal.passes import Pass, give_pass


def render(
    request: HttpRequest, template: str, frame: Frame, *, status: int = 200, **context: object
) -> HttpResponse:
    """One page in the frame's language."""
    with translation.override(frame.spoken):
        body = render_to_string(f"portal/{template}", {"frame": frame, **context}, request)
    response = HttpResponse(body, status=status)
    response["Content-Language"] = frame.language
    return private(response)


def see_other(to: str, visit: Pass | None = None) -> HttpResponse:
    """After a POST, a GET elsewhere (303), so that reloading sends nothing twice."""
    response = HttpResponseRedirect(to if to.startswith("/") else _path(to))
    response.status_code = 303
    if visit is not None:
        give_pass(response, visit)
    return private(response)


@cache
def _path(view: str) -> str:
    """Where a view without arguments is; looking that up takes as long as a short query."""
    return reverse(view)


def noted(unsaved: Iterable[str]) -> HttpResponse:
    """What the script of a page learns after a save: the items whose value could not be kept."""
    return private(JsonResponse({"unsaved": list(unsaved)}))


def download(content: bytes, *, kind: str, name: str) -> HttpResponse:
    """A file to keep."""
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return private(response)


def private(response: HttpResponse) -> HttpResponse:
    """Have no cache and no index keep a response."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "same-origin"
    return response
