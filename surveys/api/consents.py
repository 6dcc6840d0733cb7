"""To which consent text people agreed, and who must agree anew, for machines. Reads only."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from surveys.access.roles import Permission
from surveys.api.views import InStudy, problems
from surveys.design.queries import NotPublished, current
from surveys.design.registry import protocol_of
from surveys.scheduling.queries import consent_counts


class VersionCount(serializers.Serializer[Any]):
    """How many who take part agreed to this version last; version 0 is no consent on record."""

    version = serializers.IntegerField()
    n_people = serializers.IntegerField()


class ConsentsShown(serializers.Serializer[Any]):
    """The consents of those who take part. `n_pending` must agree anew before they are asked more."""

    version = serializers.IntegerField(help_text="Of the consent text in force")
    n_pending = serializers.IntegerField()
    agreed = VersionCount(many=True)


class Consents(InStudy):
    """Who agreed to which consent text."""

    needs = Permission.STUDY_VIEW

    @extend_schema(responses={200: ConsentsShown, **problems(404)})
    def get(self, _request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Count the consents by version; 404 before anything is published."""
        study = self.study()
        try:
            protocol = protocol_of(current(study))
        except NotPublished as error:
            raise Http404 from error
        counts = consent_counts(study)
        agreed = [{"version": v, "n_people": n} for v, n in counts.by_version.items()]
        shown = {
            "version": protocol.consent.version,
            "n_pending": counts.n_pending,
            "agreed": agreed,
        }
        return Response(ConsentsShown(shown).data)
