"""Exports, below /console/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from analytics import views

app_name = "analytics"
EXPORTS = "studies/<slug:code>/exports/"
EXPORT = EXPORTS + "<uuid:export>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(EXPORTS, views.exports, name="exports"),
    path(EXPORTS + "new/", views.ask, name="ask"),
    path(EXPORT, views.export, name="export"),
    path(EXPORT + "download/", views.download, name="download"),
    path(EXPORT + "manifest/", views.manifest, name="manifest"),
]
