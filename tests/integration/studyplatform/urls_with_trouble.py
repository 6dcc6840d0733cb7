"""Pages that fail in the ways that servers do; a URL map for the tests beside it."""

from __future__ import annotations

import redis
from django.contrib.auth.models import User
from django.db import connection, transaction
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


def takes_too_long(request: HttpRequest) -> HttpResponse:
    """A view whose query PostgreSQL breaks off, as it does with one side of a deadlock."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20")
        cursor.execute("SELECT pg_sleep(5)")
    return HttpResponse("fine")


def asks_the_queue(request: HttpRequest) -> HttpResponse:
    """A view that needs Valkey, where there is none."""
    redis.Redis.from_url("redis://127.0.0.1:1", retry=None).ping()
    return HttpResponse("fine")


def is_wrong(request: HttpRequest) -> HttpResponse:
    """A view with a mistake."""
    raise KeyError("ours")


urlpatterns = [
    path("data", asks_the_database),
    path("who", asks_who_is_there),
    path("wrong", is_wrong),
    path("busy", takes_too_long),
    path("api/busy", takes_too_long),
    path("queue", asks_the_queue),
    path("api/data", asks_the_database),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
handler500 = "studyplatform.outage.server_error"
