"""The machines' views: each asks the access door for the study, then reads or makes one call."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys import pipeline
from surveys.access import policy
from surveys.access.models import User
from surveys.access.roles import Permission
from surveys.api import schemas
from surveys.api.problems import MEDIA_TYPE, Refused
from surveys.audit import log
from surveys.audit.actors import Actor, ActorKind
from surveys.design.coverage import coverage
from surveys.design.models import Study
from surveys.design.queries import NotPublished, current, instruments
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.participants.enrolment import EnrolmentConflict, EnrolmentResult
from surveys.participants.entries import EntryProblems, Problem, read_entry, strata_of
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion


def problems(*statuses: int) -> dict[tuple[int, str], type[schemas.Problem]]:
    """The errors that a view can answer with, for the API's description."""
    return {(status, MEDIA_TYPE): schemas.Problem for status in (401, 429, *statuses)}


class InStudy(APIView):
    """A view of one study's things."""

    needs: Permission

    def study(self, needs: Permission | None = None) -> Study:
        """The study in the path, or 404 alike for unknown, foreign and not permitted."""
        user: Any = self.request.user
        return policy.get_study(user, self.kwargs["study"], needs=needs or self.needs)

    def actor(self) -> Actor:
        """Who calls, for the audit trail."""
        user = self.request.user
        if not isinstance(user, User):
            raise Http404
        return Actor(ActorKind.API, user.code)


@extend_schema(responses={200: schemas.StudyShown(many=True), **problems()})
class Studies(generics.ListAPIView[Study]):
    """The studies in which you have a role."""

    serializer_class = schemas.StudyShown
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        """What the access door shows."""
        user: Any = self.request.user
        return policy.studies_of(user)


@extend_schema(responses={200: schemas.StudyWithProtocol, **problems(404)})
class OneStudy(InStudy, generics.RetrieveAPIView[Study]):
    """One study with its protocol in force."""

    needs = Permission.STUDY_VIEW
    serializer_class = schemas.StudyWithProtocol
    queryset = Study.objects.none()

    def get_object(self) -> Study:
        """The study in the path."""
        return self.study()


class Coverage(InStudy):
    """Which part of the people has each pair of waves, instruments and items by design."""

    needs = Permission.STUDY_VIEW

    @extend_schema(responses={200: schemas.CoverageShown, **problems(404)})
    def get(self, _request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """The coverage of the protocol in force; 404 before anything is published."""
        try:
            row = current(self.study())
        except NotPublished as error:
            raise Http404 from error
        found = coverage(protocol_of(row), instruments())
        parts = {name: getattr(found, name) for name in ("waves", "instruments", "items", "scales")}
        shown = {"version": row.version, "warnings": found.warnings, **parts}
        return Response(schemas.CoverageShown(shown).data)


class Participants(InStudy, generics.ListAPIView[Participant]):
    """Participants by pseudonym."""

    needs = Permission.PARTICIPANT_VIEW
    serializer_class = schemas.ParticipantShown
    queryset = Participant.objects.none()

    def get_queryset(self) -> QuerySet[Participant]:
        """Everybody in the study."""
        return Participant.objects.filter(study=self.study())

    @extend_schema(responses={200: schemas.ParticipantShown(many=True), **problems(404)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the participants of a study."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=schemas.Enrolment,
        responses={
            200: OpenApiResponse(
                schemas.ParticipantShown,
                description="Enrolled before, and you gave the code or may see contacts",
            ),
            201: OpenApiResponse(schemas.ParticipantShown, description="Enrolled now"),
            **problems(400, 404, 409),
        },
    )
    def post(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Enrol somebody with their consent; the same request again changes nothing.

        To be told the same twice, give a code: without one, only who may see contacts learns
        under which pseudonym a known address is enrolled.
        """
        study = self.study(Permission.PARTICIPANT_ENROL)
        form = schemas.Enrolment(data=request.data)
        form.is_valid(raise_exception=True)
        result = self._enrol(study, form)
        if result.left_out:
            raise _conflict("this person asked to be forgotten and cannot be enrolled again")
        if result.created:
            shown = schemas.ParticipantShown(result.created[0])
            return Response(shown.data, status.HTTP_201_CREATED)
        return Response(schemas.ParticipantShown(self._matched(study, form, result)).data)

    def _matched(
        self, study: Study, form: schemas.Enrolment, result: EnrolmentResult
    ) -> Participant:
        """Who has the address already, if the caller may know; that they asked is kept."""
        (participant,) = result.already
        user: Any = self.request.user
        is_told = "code" in form.validated_data or (
            Permission.CONTACT_VIEW in policy.permissions_in(user, study)
        )
        log.record(
            "participant.matched",
            by=self.actor(),
            at=clock.now(),
            study=study.code,
            subject=participant.code,
            told=is_told,
        )
        if not is_told:
            raise _conflict("this person is enrolled already; give their code to see them")
        return participant

    def _enrol(self, study: Study, form: schemas.Enrolment) -> EnrolmentResult:
        now = clock.now()
        try:
            protocol = protocol_of(current(study))
            unknown = set(form.validated_data.get("strata", {})) - set(strata_of(protocol))
            if unknown:
                problems = [Problem("no stratum of this study", f"strata.{s}") for s in unknown]
                raise EntryProblems(problems)
            entry = read_entry(form.cells(), protocol=protocol, now=now)
            return pipeline.enrol(
                study=study, entries=[entry], source="api", by=self.actor(), now=now
            )
        except NotPublished as error:
            raise Refused(str(error), {}, status.HTTP_409_CONFLICT) from error
        except EnrolmentConflict as error:
            raise Refused.for_entry(error, status.HTTP_409_CONFLICT) from error
        except EntryProblems as error:
            raise Refused.for_entry(error) from error


def _conflict(what: str) -> Refused:
    error = EnrolmentConflict([Problem(what, "email")])
    return Refused.for_entry(error, status.HTTP_409_CONFLICT)


@extend_schema(responses={200: schemas.ParticipantShown, **problems(404)})
class OneParticipant(InStudy, generics.RetrieveAPIView[Participant]):
    """One participant by pseudonym."""

    needs = Permission.PARTICIPANT_VIEW
    serializer_class = schemas.ParticipantShown
    queryset = Participant.objects.none()

    def get_object(self) -> Participant:
        """The participant in the path."""
        return get_object_or_404(Participant, study=self.study(), code=self.kwargs["code"])


@extend_schema(
    parameters=[schemas.OccasionFilter],
    responses={200: schemas.OccasionShown(many=True), **problems(400, 404)},
)
class Occasions(InStudy, generics.ListAPIView[Occasion]):
    """The planned measurements of a study and where each stands."""

    needs = Permission.PARTICIPANT_VIEW
    serializer_class = schemas.OccasionShown
    queryset = Occasion.objects.none()

    def get_queryset(self) -> QuerySet[Occasion]:
        """The occasions that the query asks for."""
        asked = schemas.OccasionFilter(data=self.request.query_params)
        found = Occasion.objects.filter(participant__study=self.study())
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        if "participant" in wanted:
            wanted["participant__code"] = wanted.pop("participant")
        return found.filter(**wanted).select_related("participant", "protocol")


@extend_schema(exclude=True)
class Nowhere(APIView):
    """Every other path below /api/: the same problem document as for a missing thing."""

    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """There is nothing here for any method."""
        raise Http404


class Docs(SpectacularSwaggerSplitView):
    """The API, described and to be tried; the page has no inline part, so the CSP stays strict."""

    url_name = "api:schema"
    template_name = "api/docs.html"
