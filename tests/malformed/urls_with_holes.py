"""The platform with three pages that are wrong; a URL map for the tests of the detector."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from studyplatform.urls import urlpatterns as ours
from surveys.scheduling.models import Occasion


def breaks(request: HttpRequest) -> HttpResponse:
    """Trusts that a number is one."""
    return HttpResponse(str(int(request.GET["page"])))


def stores(request: HttpRequest) -> HttpResponse:
    """Changes a row when somebody looks."""
    Occasion.objects.update(closes_at=None)
    return HttpResponse()


def echoes(request: HttpRequest) -> HttpResponse:
    """Says back what was typed, as it was."""
    return HttpResponse(request.GET["code"])


def shrugs(request: HttpRequest) -> HttpResponse:
    """Refuses and does not say why."""
    return HttpResponse(status=400)


urlpatterns = [
    path("breaks/", breaks),
    path("stores/", stores),
    path("echoes/", echoes),
    path("shrugs/", shrugs),
    *ours,
]
handler500 = "studyplatform.outage.server_error"
