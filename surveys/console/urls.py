"""The researcher's URLs, all below /console/."""

from __future__ import annotations

from django.urls import path

from surveys.console import activity

app_name = "console"
STUDY = "studies/<slug:code>/"

urlpatterns = [
    path(STUDY + "activity/", activity.activity, name="activity"),
]
