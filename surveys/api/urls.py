"""The machines' face, below /api/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path, register_converter
from drf_spectacular.views import SpectacularAPIView

from surveys.api import amendments, consents, explanations, messages, views
from surveys.api.description import OnceGenerator
from surveys.participants.entries import CODE


class CodeConverter:
    """A participant's code in a path."""

    regex = CODE.pattern

    def to_python(self, value: str) -> str:
        """The code as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The code as it is."""
        return value


register_converter(CodeConverter, "participant")

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.Docs.as_view(), name="docs"),
    path("schema/", SpectacularAPIView.as_view(generator_class=OnceGenerator), name="schema"),
    path("v1/studies/", views.Studies.as_view(), name="studies"),
    path("v1/studies/<slug:study>/", views.OneStudy.as_view(), name="study"),
    path("v1/studies/<slug:study>/coverage/", views.Coverage.as_view(), name="coverage"),
    path("v1/studies/<slug:study>/consents/", consents.Consents.as_view(), name="consents"),
    path("v1/studies/<slug:study>/amendment/", amendments.Preview.as_view(), name="amendment"),
    path("v1/studies/<slug:study>/amendment/people/", amendments.People.as_view(), name="affected"),
    path("v1/studies/<slug:study>/participants/", views.Participants.as_view(), name="people"),
    path(
        "v1/studies/<slug:study>/participants/<participant:code>/",
        views.OneParticipant.as_view(),
        name="participant",
    ),
    path("v1/studies/<slug:study>/occasions/", views.Occasions.as_view(), name="occasions"),
    path(
        "v1/studies/<slug:study>/occasions/<participant:code>/<slug:wave>/<int:nth>/explanation/",
        explanations.OfOccasion.as_view(),
        name="occasion_explanation",
    ),
    path(
        "v1/studies/<slug:study>/messages/<uuid:message>/explanation/",
        explanations.OfMessage.as_view(),
        name="message_explanation",
    ),
    path("v1/studies/<slug:study>/messages/", messages.Messages.as_view(), name="messages"),
    path(
        "v1/studies/<slug:study>/messages/<uuid:message>/resend/",
        messages.ResendMessage.as_view(),
        name="resend",
    ),
    re_path("", views.Nowhere.as_view()),
]
