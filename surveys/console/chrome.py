"""What every study page has in common: the guard at the door, and the menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from surveys.access import policy
from surveys.access.roles import Permission
from surveys.design.models import Study
from surveys.lib.languages import pick
from surveys.safety import queries as safety

P = ParamSpec("P")
LANGUAGE = "en"  # of the console; study texts are shown in it where they have it
MENU = (
    ("Overview", "study", "console:study", Permission.STUDY_VIEW),
    ("Design", "design", "console:design", Permission.STUDY_VIEW),
    ("Participants", "people", "console:people", Permission.PARTICIPANT_VIEW),
    ("Outbox", "outbox", "console:outbox", Permission.MESSAGE_VIEW),
    ("Alerts", "alerts", "console:alerts", Permission.ALERT_HANDLE),
    ("Exports", "exports", "analytics:exports", Permission.EXPORT_MAKE),
    ("Activity", "activity", "console:activity", Permission.AUDIT_VIEW),
)


@dataclass(frozen=True)
class Entry:
    """One line of the study menu."""

    label: str
    url: str
    is_here: bool
    n: int = 0  # what waits there for somebody


def study_page(
    needs: Permission,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Study, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Turn `view(request, study, ...)` into a view of `<code>`: log in, then through the one door."""

    def decorate(
        view: Callable[Concatenate[HttpRequest, Study, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(
            request: HttpRequest, code: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(_way_back(request, code))
            study = policy.get_study(request.user, code, needs=needs)
            _refuse_nul(request)
            return view(request, study, *args, **kwargs)

        return guarded

    return decorate


def show(
    request: HttpRequest,
    template: str,
    study: Study | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a page of the console, with the study's menu where there is a study."""
    if study is not None:
        may = policy.permissions_in(request.user, study)
        context |= {
            "study": study,
            "study_title": pick(study.title, LANGUAGE),
            "menu": _menu(request, study, may),
            "may": {permission.name.lower() for permission in may},
        }
    context["demo_mode"] = settings.MODE == "demo"
    return render(request, template, context, status=status)


def _way_back(request: HttpRequest, code: str) -> str:
    """Where somebody goes after logging in: a form's own address may take no GET."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return reverse("console:study", args=[code])


def _refuse_nul(request: HttpRequest) -> None:
    """PostgreSQL keeps no NUL byte in a text, and no browser sends one."""
    if any("\0" in part for part in (request.path, *_fields(request))):
        raise BadRequest("a NUL byte")


def _fields(request: HttpRequest) -> list[str]:
    sent = [*request.GET.lists(), *request.POST.lists()]
    return [str(value) for _, values in sent for value in values]


def _menu(request: HttpRequest, study: Study, may: frozenset[Permission]) -> list[Entry]:
    home = reverse("console:study", args=[study.code])
    section = request.path.removeprefix(home).partition("/")[0] or "study"
    waiting = {}
    if Permission.ALERT_HANDLE in may:
        waiting["alerts"] = safety.n_waiting(study)
    return [
        Entry(label, reverse(name, args=[study.code]), section == under, waiting.get(under, 0))
        for label, under, name, needs in MENU
        if needs in may
    ]
