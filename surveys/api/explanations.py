"""Why was this sent, and why was nothing sent, for machines; the console shows the same."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from surveys.access.roles import Permission
from surveys.api.views import InStudy, problems
from surveys.lib import clock
from surveys.messaging import explaining, outbox
from surveys.messaging.explanation import Guard
from surveys.messaging.reasons import IN_WORDS
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import Cause, MessageKind, MessageState, OccasionState


class CheckShown(serializers.Serializer[Any]):
    """What one guard said. `at` is when what it found came about, or when it was asked."""

    guard = serializers.ChoiceField(choices=[guard.value for guard in Guard])
    asks = serializers.CharField()
    passed = serializers.BooleanField()
    at = serializers.DateTimeField(allow_null=True)
    says = serializers.CharField()


class StepShown(serializers.Serializer[Any]):
    """One thing that happened. The two clocks differ in a demo only."""

    what = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    clock = serializers.ChoiceField(choices=["study", "real"])
    says = serializers.CharField()


class MessageExplanation(serializers.Serializer[Any]):
    """Why a message was sent, was not sent, or waits."""

    id = serializers.UUIDField()
    as_of = serializers.DateTimeField()
    zone = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in MessageKind])
    nth = serializers.IntegerField()
    state = serializers.CharField(help_text=", ".join(MessageState))
    why_not = serializers.ChoiceField(choices=[str(why) for why in IN_WORDS], allow_blank=True)
    answer = serializers.CharField()
    guards = CheckShown(many=True)
    timeline = StepShown(many=True)


class OccasionExplanation(serializers.Serializer[Any]):
    """Why an occasion is where it is, what was sent for it, and why nothing was.

    `guards` names what moved or stopped it when it was planned, each with its sentence.
    """

    as_of = serializers.DateTimeField()
    zone = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(OccasionState))
    cause = serializers.ChoiceField(choices=[cause.value for cause in Cause], allow_blank=True)
    rule = serializers.CharField(allow_blank=True)
    facts = serializers.DictField()
    moment = serializers.ListField(child=serializers.CharField())
    answer = serializers.ListField(child=serializers.CharField())
    guards = serializers.DictField(child=serializers.CharField())
    messages = MessageExplanation(many=True)


class OfOccasion(InStudy):
    """Why was something sent for this occasion, or nothing?"""

    needs = Permission.PARTICIPANT_VIEW

    @extend_schema(responses={200: OccasionExplanation, **problems(404)})
    def get(self, request: Request, **_: Any) -> Response:
        """Explain one occasion: its rule, its facts, its guards, and each of its messages."""
        rows = Occasion.objects.filter(participant__study=self.study())
        occasion = get_object_or_404(
            rows.select_related("participant__study", "protocol"),
            participant__code=self.kwargs["code"],
            wave=self.kwargs["wave"],
            nth=self.kwargs["nth"],
        )
        (explained,) = explaining.of_occasions([occasion], now=clock.now())
        return Response(OccasionExplanation(explained.told).data)


class OfMessage(InStudy):
    """Why was this message sent, or why not?"""

    needs = Permission.MESSAGE_VIEW

    @extend_schema(responses={200: MessageExplanation, **problems(404)})
    def get(self, request: Request, **_: Any) -> Response:
        """Explain one message: what was asked before it went out, and what happened to it."""
        rows = outbox.messages(self.study())
        rows = rows.select_related("occasion__participant__study", "occasion__protocol")
        message = get_object_or_404(rows, pk=self.kwargs["message"])
        told = explaining.of_messages([message], now=clock.now())[message.pk]
        return Response(MessageExplanation(told).data)
