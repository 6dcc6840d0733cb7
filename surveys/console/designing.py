"""Study files in the browser: load one, read what changed, publish it, take it home."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from surveys import pipeline
from surveys.access import memberships, policy
from surveys.access.actors import actor_of
from surveys.access.models import User
from surveys.access.roles import Permission, Role
from surveys.console.chrome import show, study_page
from surveys.console.studies import current_or_none, instruments_of
from surveys.design import actions, queries, studyfile
from surveys.design.difference import difference
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.instruments.actions import add_shipped
from surveys.lib import clock
from surveys.lib.yamlfile import DocumentError

LARGEST_FILE = 1_000_000  # bytes


@login_required
def new(request: HttpRequest) -> HttpResponseBase:
    """Start a study from its file; whoever loads it owns it."""
    user = request.user
    if not isinstance(user, User) or not policy.may_create(user):
        raise PermissionDenied
    if request.method != "POST":
        return show(request, "console/new_study.html")
    now, by = clock.now(), actor_of(user)
    with transaction.atomic():
        add_shipped(by=by, now=now)
        try:
            protocol = _uploaded(request)
        except DocumentError as error:
            return show(request, "console/new_study.html", problems=str(error), status=422)
        if Study.objects.filter(code=protocol.study).exists():
            taken = f"study: there is a study '{protocol.study}' already; load its new file there"
            return show(request, "console/new_study.html", problems=taken, status=422)
        study = actions.load(protocol=protocol, by=by, now=now)
        memberships.grant(study=study, user=user, role=Role.OWNER, by=by, now=now)
    return redirect("console:design", study.code)


@study_page(Permission.STUDY_VIEW)
def design(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol in force, and the draft with its differences."""
    return _design_page(request, study)


@require_POST
@study_page(Permission.STUDY_EDIT)
def load(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Replace the draft by an uploaded file."""
    try:
        protocol = _uploaded(request)
    except DocumentError as error:
        return _design_page(request, study, problems=str(error), status=422)
    if protocol.study != study.code:
        wrong = f"study: this file is for '{protocol.study}', not for '{study.code}'"
        return _design_page(request, study, problems=wrong, status=422)
    actions.load(protocol=protocol, by=actor_of(request.user), now=clock.now())
    messages.success(request, "The file is loaded as a draft. Nothing has changed for anybody yet.")
    return redirect("console:design", study.code)


@require_POST
@study_page(Permission.STUDY_EDIT)
def publish(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Make the draft the next version."""
    try:
        version = pipeline.publish(
            study=study,
            reason=request.POST.get("reason", ""),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (actions.NothingToPublish, actions.NotPublishable, actions.ReasonMissing) as error:
        return _design_page(request, study, problems=str(error), status=422)
    messages.success(request, f"Version {version.version} is published.")
    return redirect("console:design", study.code)


@require_GET
@study_page(Permission.STUDY_VIEW)
def download(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol in force, or else the draft, as one study file."""
    version = current_or_none(study)
    protocol = protocol_of(version) if version else queries.draft(study)
    text = studyfile.write(protocol) if protocol else ""
    name = f"{study.code}-v{version.version}.yaml" if version else f"{study.code}-draft.yaml"
    return HttpResponse(
        text,
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _design_page(
    request: HttpRequest, study: Study, *, problems: str = "", status: int = 200
) -> HttpResponse:
    version, draft = current_or_none(study), queries.draft(study)
    protocol = protocol_of(version) if version else None
    changes = difference(protocol, draft) if protocol and draft else []
    return show(
        request,
        "console/design.html",
        study,
        status=status,
        version=version,
        protocol=protocol or draft,
        instruments=instruments_of(version) if version else [],
        changes=changes,
        is_draft_new=draft is not None and (protocol is None or bool(changes)),
        versions=study.protocols.order_by("-version"),
        problems=problems,
    )


def _uploaded(request: HttpRequest) -> Protocol:
    """The uploaded study file, checked; raises DocumentError. Its texts must stand in the file."""
    file = request.FILES.get("file")
    name = file.name or "study.yaml" if file else "study.yaml"
    data = file.read(LARGEST_FILE + 1) if file else b""
    with tempfile.TemporaryDirectory() as nowhere:  # so that no file of the server can be named
        found = studyfile.read_text(data, source=Path(name).name, folder=Path(nowhere))
        return found.checked(queries.instruments())
