"""What publishing the draft would do to whom, for machines; the console shows the same. Reads only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from surveys import pipeline
from surveys.access.roles import Permission
from surveys.api.views import InStudy, problems
from surveys.lib import clock
from surveys.participants.entries import CODE
from surveys.scheduling import previewing
from surveys.scheduling.previewing import Amendment

MOST = 1000


class CountsShown(serializers.Serializer[Any]):
    """Occasions by what happens to them."""

    created = serializers.IntegerField()
    moved = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    revived = serializers.IntegerField()
    excluded = serializers.IntegerField()
    kept = serializers.IntegerField()


class AmendmentShown(serializers.Serializer[Any]):
    """The draft against the version in force, and what publishing it now would do.

    `read` changes when the draft or the version does.
    """

    version = serializers.IntegerField(help_text="The version in force")
    read = serializers.CharField()
    changes = serializers.ListField(child=serializers.CharField())
    n_people = serializers.IntegerField()
    n_affected = serializers.IntegerField()
    n_under_way = serializers.IntegerField()
    n_withdrawn = serializers.IntegerField()
    n_older_consent = serializers.IntegerField()
    n_consent_anew = serializers.IntegerField()
    unplannable = serializers.ListField(child=serializers.CharField())
    counts = CountsShown()
    waves = serializers.DictField(child=CountsShown())


class AffectedShown(serializers.Serializer[Any]):
    """A participant whose plan would change, and in which waves."""

    code = serializers.CharField()
    counts = CountsShown()
    waves = serializers.ListField(child=serializers.CharField())


class PageAsked(serializers.Serializer[Any]):
    """Where to go on, and how many to show."""

    after = serializers.RegexField(f"^{CODE.pattern}$", max_length=20, default="")
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=100)


class AffectedPage(serializers.Serializer[Any]):
    """Participants by code; `after` asks for the next ones, and is empty when there are none."""

    results = AffectedShown(many=True)
    after = serializers.CharField(allow_blank=True)


class OfDraft(InStudy):
    """Shared by both views: the study's draft as an amendment, or 404."""

    needs = Permission.PARTICIPANT_VIEW

    def amendment(self) -> Amendment:
        """The draft in the path's study; raises Http404 when there is none that differs."""
        found = previewing.amendment(self.study())
        if found is None:
            raise Http404("no draft that differs from a version in force")
        return found


class Preview(OfDraft):
    """What publishing would do."""

    @extend_schema(responses={200: AmendmentShown, **problems(404)})
    def get(self, _request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Preview publishing the draft: nothing is changed."""
        found = self.amendment()
        told = asdict(pipeline.preview(found, now=clock.now()))
        head = {
            "version": found.version.version,
            "read": found.read,
            "changes": [str(change) for change in found.changes],
        }
        return Response(AmendmentShown(head | told).data)


class People(OfDraft):
    """Whose plans publishing would change."""

    @extend_schema(parameters=[PageAsked], responses={200: AffectedPage, **problems(400, 404)})
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """List the participants whose plans publishing the draft would change."""
        found = self.amendment()
        asked = PageAsked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        after, limit = asked.validated_data["after"], asked.validated_data["limit"]
        people = pipeline.affected(found, now=clock.now(), after=after, limit=limit + 1)
        page = {
            "results": [asdict(one) for one in people[:limit]],
            "after": people[limit - 1].code if len(people) > limit else "",
        }
        return Response(AffectedPage(page).data)
