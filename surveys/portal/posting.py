"""What a participant's page takes: a GET, a HEAD, or a posted form that holds each field once.

No form of ours sends a field twice, and which of two values is meant would be a guess. So the rule
for all these pages is that nothing is read of such a form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from surveys.portal import notices
from surveys.portal.notices import Notice

View = Callable[..., HttpResponse]


def takes_forms(view: View) -> View:
    """Decorate a view: 405 for other methods, 400 for a field that is there twice."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if repeats_itself(request):
            return notices.show(request, Notice.ODD)
        return view(request, *args, **kwargs)

    return checked


def repeats_itself(request: HttpRequest) -> bool:
    """Whether a field was posted twice."""
    return any(len(values) > 1 for _, values in request.POST.lists())


def unpressed(request: HttpRequest) -> int:
    """The status of a page that waits for its button: 422 when a form came without it.

    Mail programs and scanners post, too; only the button's name says that somebody pressed it.
    """
    return 422 if request.method == "POST" else 200
