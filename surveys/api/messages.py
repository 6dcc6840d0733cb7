"""The outbox for machines: read every message, and have an unknown one sent again."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from surveys import pipeline
from surveys.access.roles import Permission
from surveys.api.problems import Refused
from surveys.api.views import InStudy, problems
from surveys.lib import clock
from surveys.messaging import outbox
from surveys.messaging.resending import CannotResend
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind, MessageState


class MessageFilter(serializers.Serializer[Any]):
    """Which messages."""

    state = serializers.ChoiceField([*MessageState], required=False)
    kind = serializers.ChoiceField([*MessageKind], required=False)
    wave = serializers.SlugField(required=False)
    participant = serializers.CharField(required=False, max_length=20)


class MessageShown(serializers.ModelSerializer[Message]):
    """One invitation or reminder; `why_not` is one word of the list in the states' reference."""

    participant = serializers.CharField(source="occasion.participant.code")
    wave = serializers.CharField(source="occasion.wave")
    occasion_nth = serializers.IntegerField(source="occasion.nth")
    link_opened_at = serializers.DateTimeField(source="occasion.link_opened_at", allow_null=True)
    state = serializers.ChoiceField([*MessageState])
    kind = serializers.ChoiceField([*MessageKind])

    class Meta:
        model = Message
        fields = (
            *("id", "participant", "wave", "occasion_nth", "kind", "nth", "state", "why_not"),
            *("due_at", "sent_at", "n_attempts", "link_opened_at"),
        )


@extend_schema(
    parameters=[MessageFilter],
    responses={200: MessageShown(many=True), **problems(400, 404)},
)
class Messages(InStudy, generics.ListAPIView[Message]):
    """The study's messages, the latest first, and where each stands."""

    needs = Permission.MESSAGE_VIEW
    serializer_class = MessageShown
    queryset = Message.objects.none()

    def get_queryset(self) -> QuerySet[Message]:
        """The messages that the query asks for."""
        asked = MessageFilter(data=self.request.query_params)
        study = self.study()
        asked.is_valid(raise_exception=True)
        return outbox.messages(study, **asked.validated_data)


class ResendMessage(InStudy, generics.GenericAPIView[Message]):
    """Send a message again of which nobody knows whether it arrived."""

    needs = Permission.MESSAGE_RESEND
    serializer_class = MessageShown
    queryset = Message.objects.none()

    @extend_schema(request=None, responses={200: MessageShown, **problems(404, 409)})
    def post(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Make an unknown message due again, with the same link; asked twice, it is sent once."""
        found = get_object_or_404(outbox.messages(self.study()), pk=self.kwargs["message"])
        try:
            pipeline.resend(message=found.pk, by=self.actor(), now=clock.now())
        except CannotResend as error:
            raise Refused(f"{error}.", {}, status.HTTP_409_CONFLICT) from error
        found.refresh_from_db()
        return Response(MessageShown(found).data)
