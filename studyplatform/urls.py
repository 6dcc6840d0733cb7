"""The URL map, composed from the faces."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from studyplatform import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("console/account/", include("surveys.console.account_urls")),
    path("console/", include("surveys.console.urls")),
    path("console/", include("analytics.urls")),
    path("mail/", include("surveys.api.mail_urls")),
    path("api/", include("analytics.api")),
    path("api/", include("surveys.api.urls")),  # after it: ends with a path for everything else
    path("", include("surveys.portal.urls")),
]

handler400 = "studyplatform.refusals.bad_request"
handler404 = "studyplatform.refusals.not_found"
handler500 = "studyplatform.outage.server_error"
