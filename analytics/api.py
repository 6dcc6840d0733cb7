"""Exports for machines, below /api/: ask for a bundle, see how far it is, fetch it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from analytics import actions, tasks
from analytics.formats import FORMATS
from analytics.models import Export
from surveys.access.models import User
from surveys.access.roles import Permission
from surveys.api.problems import Refused
from surveys.api.views import InStudy, problems
from surveys.audit import log
from surveys.lib import clock
from surveys.lib.doorbell import ring


class ExportAsked(serializers.Serializer[Any]):
    """Which formats the bundle shall have."""

    formats = serializers.ListField(
        child=serializers.ChoiceField(choices=list(FORMATS)), allow_empty=False
    )


class ExportShown(serializers.ModelSerializer[Export]):
    """An export and how far it is."""

    formats = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Export
        fields = (
            "id",
            "state",
            "formats",
            "requested_at",
            "ended_at",
            "n_bytes",
            "sha256",
            "problem",
        )


class _InStudy(InStudy):
    needs = Permission.EXPORT_MAKE

    def exports(self) -> QuerySet[Export]:
        """The study's exports."""
        return Export.objects.filter(study=self.study())


class Exports(_InStudy, generics.ListAPIView[Export]):
    """The exports of a study."""

    serializer_class = ExportShown
    queryset = Export.objects.none()

    def get_queryset(self) -> QuerySet[Export]:
        """All that were asked for."""
        return self.exports()

    @extend_schema(responses={200: ExportShown(many=True), **problems(404)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the exports of a study."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=ExportAsked, responses={202: ExportShown, **problems(400, 404)})
    def post(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Ask for a bundle; ask for its state until it is `ready` or `failed`."""
        study = self.study()
        asked = ExportAsked(data=request.data)
        asked.is_valid(raise_exception=True)
        export = actions.request_export(
            study=study,
            formats=asked.validated_data["formats"],
            by=self.actor(),
            now=clock.now(),
            by_user=request.user if isinstance(request.user, User) else None,
        )
        ring(tasks.build_export, str(export.pk))
        return Response(ExportShown(export).data, status=status.HTTP_202_ACCEPTED)


@extend_schema(responses={200: ExportShown, **problems(404)})
class OneExport(_InStudy, generics.RetrieveAPIView[Export]):
    """One export and how far it is."""

    serializer_class = ExportShown
    queryset = Export.objects.none()

    def get_object(self) -> Export:
        """The export in the path."""
        return get_object_or_404(self.exports(), pk=self.kwargs["export"])


class ErrorsInJSON(BaseContentNegotiation):
    """A file is a file whatever the caller accepts, and errors are JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The only one."""
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The only one."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


class ExportFile(_InStudy):
    """The bundle itself."""

    content_negotiation_class = ErrorsInJSON

    @extend_schema(
        responses={
            (200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, "The bundle as a zip"),
            **problems(404, 409),
        }
    )
    def get(self, request: Request, *_args: Any, **_kwargs: Any) -> FileResponse:
        """Fetch the bundle of an export that is `ready`."""
        export = get_object_or_404(self.exports().select_related("study"), pk=self.kwargs["export"])
        if export.state != Export.State.READY:
            raise Refused(f"The export is {export.state}.", {}, status.HTTP_409_CONFLICT)
        try:
            file = actions.archive_of(export).open("rb")
        except OSError as error:
            raise NotFound("The files of this export are no longer kept.") from error
        log.record(
            "export.downloaded",
            by=self.actor(),
            at=clock.now(),
            study=export.study.code,
            subject=str(export.pk),
            sha256=export.sha256,
        )
        name = f"{export.study.code}-{export.requested_at:%Y-%m-%d}.zip"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


app_name = "exports"
urlpatterns: list[URLPattern] = [
    path("v1/studies/<slug:study>/exports/", Exports.as_view(), name="exports"),
    path("v1/studies/<slug:study>/exports/<uuid:export>/", OneExport.as_view(), name="export"),
    path("v1/studies/<slug:study>/exports/<uuid:export>/file/", ExportFile.as_view(), name="file"),
]
