"""The reference: a Django view that inserts one JSON row, and nothing else on the way to it.

No middleware, no checks, no locks: it reads the form and writes it down in one statement.
"""

from __future__ import annotations

import json

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

TABLE = "CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, document jsonb NOT NULL)"


def insert(request: HttpRequest) -> HttpResponse:
    """Keep the posted fields."""
    with connection.cursor() as sql:
        document = json.dumps(request.POST.dict())
        sql.execute("INSERT INTO bench_row (document) VALUES (%s)", [document])
    return HttpResponse(status=204)


def healthz(_request: HttpRequest) -> HttpResponse:
    """It runs."""
    return HttpResponse("ok")


urlpatterns = [path("survey/", insert), path("healthz", healthz)]
