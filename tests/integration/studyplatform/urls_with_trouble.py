"""Pages that fail in the ways that servers do; a URL map for the tests beside it."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from studyplatform import health


def asks_the_database(request: HttpRequest) -> HttpResponse:
    """A view that needs PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("fine")


def asks_who_is_there(request: HttpRequest) -> HttpResponse:
    """A view that needs the session, which lies in PostgreSQL too."""
    user = request.user
    return HttpResponse("a user" if isinstance(user, User) else "nobody")


def is_wrong(request: HttpRequest) -> HttpResponse:
    """A view with a mistake."""
    raise KeyError("ours")


urlpatterns = [
    path("data", asks_the_database),
    path("who", asks_who_is_there),
    path("wrong", is_wrong),
    path("api/data", asks_the_database),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler500 = "studyplatform.outage.server_error"
