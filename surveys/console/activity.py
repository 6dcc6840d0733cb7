"""The study's audit trail, newest first."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from surveys.access.roles import Permission
from surveys.audit.models import Event
from surveys.console.chrome import show, study_page
from surveys.design.models import Study

PAGE = 100


@study_page(Permission.AUDIT_VIEW)
def activity(request: HttpRequest, study: Study) -> HttpResponse:
    """Who did what to which thing, when and why."""
    events = Event.objects.filter(study=study.code).order_by("-at", "-pk")
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    return show(request, "console/activity.html", study, page=page)
