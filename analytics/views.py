"""Exports in the browser: ask for a bundle, watch it being built, take it home.

Downloading is a POST, because every download is kept in the audit trail.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_POST

from analytics import actions, tasks
from analytics.formats import FORMATS, UnknownFormat
from analytics.models import Export
from surveys.access.actors import actor_of
from surveys.access.models import User
from surveys.access.roles import Permission
from surveys.audit import log
from surveys.console.chrome import show, study_page
from surveys.design.models import Study
from surveys.lib import clock
from surveys.lib.doorbell import ring

PAGE = 25
UNDER_WAY = (Export.State.QUEUED, Export.State.RUNNING)


@study_page(Permission.EXPORT_MAKE)
def exports(request: HttpRequest, study: Study) -> HttpResponseBase:
    """All exports of the study, the latest first, and the form that asks for one."""
    return _list_page(request, study)


@require_POST
@study_page(Permission.EXPORT_MAKE)
def ask(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Put one export in the queue and ring for a worker."""
    try:
        export = actions.request_export(
            study=study,
            formats=request.POST.getlist("formats"),
            by=actor_of(request.user),
            by_user=request.user if isinstance(request.user, User) else None,
            now=clock.now(),
        )
    except UnknownFormat as error:
        return _list_page(request, study, problem=str(error))
    transaction.on_commit(partial(ring, tasks.build_export, str(export.pk)))
    return redirect("analytics:export", study.code, export.pk)


@study_page(Permission.EXPORT_MAKE)
def export(request: HttpRequest, study: Study, export: UUID) -> HttpResponseBase:
    """One export: how far it is, what is in it, how to check it."""
    row = _get(study, export)
    if request.GET.get("seen") == row.state:
        return HttpResponse(status=204)
    return show(
        request,
        "analytics/export.html",
        study,
        export=row,
        is_under_way=row.state in UNDER_WAY,
        is_there=_archive(row) is not None,
    )


@require_POST
@study_page(Permission.EXPORT_MAKE)
def download(request: HttpRequest, study: Study, export: UUID) -> HttpResponseBase:
    """The bundle; who took it is kept."""
    row = _get(study, export)
    path = _archive(row)
    if path is None:
        messages.error(request, "The file is not there. Ask for a new export.")
        return redirect("analytics:export", study.code, row.pk)
    log.record(
        "export.downloaded",
        by=actor_of(request.user),
        at=clock.now(),
        study=study.code,
        subject=str(row.pk),
        sha256=row.sha256,
    )
    name = f"{study.code}-{row.requested_at:%Y%m%d-%H%M%S}.zip"
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=name, content_type="application/zip"
    )


@require_GET
@study_page(Permission.EXPORT_MAKE)
def manifest(request: HttpRequest, study: Study, export: UUID) -> HttpResponse:
    """What the bundle holds, with the hash of each file, to compare or to publish."""
    row = _get(study, export)
    if not row.manifest:
        raise Http404("no manifest yet")
    text = json.dumps(row.manifest, indent=2, sort_keys=True, ensure_ascii=False)
    return HttpResponse(text + "\n", content_type="application/json; charset=utf-8")


def _list_page(request: HttpRequest, study: Study, *, problem: str = "") -> HttpResponse:
    found = Export.objects.filter(study=study).select_related("requested_by")
    page = Paginator(found.order_by("-requested_at", "-pk"), PAGE).get_page(request.GET.get("page"))
    states = "-".join(row.state for row in page)
    if request.GET.get("seen") == states:
        return HttpResponse(status=204)
    return show(
        request,
        "analytics/exports.html",
        study,
        status=422 if problem else 200,
        page=page,
        states=states,
        is_under_way=any(row.state in UNDER_WAY for row in page),
        formats=FORMATS.values(),
        chosen=request.POST.getlist("formats") or list(FORMATS),
        problem=problem,
    )


def _get(study: Study, pk: UUID) -> Export:
    return get_object_or_404(Export.objects.select_related("requested_by"), pk=pk, study=study)


def _archive(export: Export) -> Path | None:
    """The finished bundle on the disk; None also when it was cleared away."""
    if export.state != Export.State.READY:
        return None
    path = actions.archive_of(export)
    return path if path.is_file() else None
