"""The URL map, composed from the faces."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from studyplatform import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("console/account/", include("allauth.account.urls")),
    path("console/account/mfa/", include("allauth.mfa.urls")),
    path("console/", include("surveys.console.urls")),
    path("console/", include("analytics.urls")),
    path("api/", include("surveys.api.urls")),
    path("", include("surveys.portal.urls")),
]

handler500 = "studyplatform.outage.server_error"
