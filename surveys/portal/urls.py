"""The participants' pages, at the root of the site."""

from __future__ import annotations

from django.urls import path

from surveys.portal import (
    confirming,
    consenting,
    copying,
    joining,
    landing,
    leaving,
    own,
    pages,
    readdressing,
    thanks,
    unsubscribing,
)

app_name = "portal"
urlpatterns = [
    path("survey/", pages.survey, name="survey"),  # first, since nothing is asked for as often
    path("s/<str:token>/", landing.landing, name="landing"),
    path("me/<str:token>/", own.own, name="own"),
    path("me/<str:token>/leave/", leaving.leave, name="leave"),
    path("me/<str:token>/consent/", consenting.consent, name="consent"),
    path("address/<str:token>/", readdressing.confirm, name="address"),
    path("copy/<str:signed>/", copying.copy, name="copy"),
    path("left/<str:token>/", leaving.receipt, name="receipt"),
    path("u/<str:token>/", unsubscribing.unsubscribe, name="unsubscribe"),
    path("join/<slug:code>/", joining.join, name="join"),
    path("join/<slug:code>/sent/", joining.sent, name="signed_up"),
    path("j/<str:token>/", confirming.confirm, name="confirm"),
    path("survey/thanks/", thanks.thanks, name="thanks"),
    path("survey/thanks/next.ics", thanks.next_date, name="next-date"),
]
