"""Study files in the browser: load one, read what changed, take it home."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from surveys.access import memberships, policy
from surveys.access.actors import actor_of
from surveys.access.models import User
from surveys.access.roles import Permission, Role
from surveys.console import words
from surveys.console.chrome import LANGUAGE, show, study_page
from surveys.console.covering import coverage_of, coverage_tables
from surveys.console.glance import instruments_of
from surveys.console.studies import current_or_none
from surveys.design import actions, queries, studyfile
from surveys.design.difference import difference
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.instruments.actions import add_shipped
from surveys.lib import clock, locks
from surveys.lib.yamlfile import DocumentError
from surveys.scheduling.amending import waiting

LARGEST_FILE = 1_000_000  # bytes
NO_FILE = "No file was chosen."


class Refused(ValueError):
    """The file cannot be used here; nothing was changed."""


@login_required
def new(request: HttpRequest) -> HttpResponseBase:
    """Start a study from its file; whoever loads it owns it."""
    user = request.user
    if not isinstance(user, User) or not policy.may_create(user):
        raise PermissionDenied
    if request.method != "POST":
        return show(request, "console/new_study.html")
    try:
        study = _new_study(request, user)
    except (DocumentError, Refused) as error:
        return show(request, "console/new_study.html", problems=str(error), status=422)
    messages.success(request, "The file is loaded as a draft. Read it through, then publish it.")
    return redirect("console:design", study.code)


@transaction.atomic
def _new_study(request: HttpRequest, user: User) -> Study:
    now, by = clock.now(), actor_of(user)
    add_shipped(by=by, now=now)
    protocol = _uploaded(request)
    locks.hold("new study")  # so that nobody comes to own a study that somebody else just made
    if Study.objects.filter(code=protocol.study).exists():
        raise Refused(f"study: the code '{protocol.study}' is taken; choose another one")
    study = actions.load(protocol=protocol, by=by, now=now)
    memberships.grant(study=study, user=user, role=Role.OWNER, by=by, now=now)
    return study


@study_page(Permission.STUDY_VIEW)
def design(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol in force, and the draft with its differences."""
    return design_page(request, study)


@require_POST
@study_page(Permission.STUDY_EDIT)
def load(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Replace the draft by an uploaded file."""
    try:
        protocol = _uploaded(request)
        if protocol.study != study.code:
            raise Refused(f"study: this file is for '{protocol.study}', not for '{study.code}'")
    except (DocumentError, Refused) as error:
        return design_page(request, study, problems=str(error), status=422)
    actions.load(protocol=protocol, by=actor_of(request.user), now=clock.now())
    messages.success(request, "The file is loaded as a draft. Nothing has changed for anybody yet.")
    return redirect("console:design", study.code)


@require_GET
@study_page(Permission.STUDY_VIEW)
def download(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol in force, or else the draft, as one study file."""
    version = current_or_none(study)
    protocol = protocol_of(version) if version else queries.draft(study)
    if protocol is None:
        raise Http404("neither a version nor a draft")
    name = f"{study.code}-v{version.version}.yaml" if version else f"{study.code}-draft.yaml"
    return HttpResponse(
        studyfile.write(protocol),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def design_page(
    request: HttpRequest,
    study: Study,
    *,
    problems: str = "",
    refusal: str = "",
    reason: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, with what was refused about a file (`problems`) or about publishing."""
    version = current_or_none(study)
    study.refresh_from_db(fields=["draft"])
    draft = queries.draft(study)
    protocol = protocol_of(version) if version else None
    changes = difference(protocol, draft) if protocol and draft else []
    shown = protocol or draft
    covered = coverage_of(shown) if shown else None
    draft_covered = coverage_of(draft) if draft else None
    return show(
        request,
        "console/design.html",
        study,
        status=status,
        version=version,
        protocol=shown,
        waves=words.waves(shown, LANGUAGE) if shown else [],
        instruments=instruments_of(shown) if shown else [],
        changes=changes,
        coverage_tables=coverage_tables(shown, covered, LANGUAGE) if shown and covered else [],
        warnings=draft_covered.warnings if draft_covered else [],
        is_draft_new=draft is not None and (protocol is None or bool(changes)),
        read=queries.read_mark(study),
        n_waiting=waiting(version).count() if version else 0,
        versions=study.protocols.order_by("-version").select_related("published_by"),
        problems=problems,
        refusal=refusal,
        reason=reason,
    )


def _uploaded(request: HttpRequest) -> Protocol:
    """The uploaded study file, checked; raises DocumentError. Its texts must stand in the file."""
    file = request.FILES.get("file")
    if file is None:
        raise Refused(NO_FILE)
    name = Path(file.name or "study.yaml").name
    with tempfile.TemporaryDirectory() as nowhere:  # so that no file of the server can be named
        found = studyfile.read_text(file.read(LARGEST_FILE + 1), source=name, folder=Path(nowhere))
        return found.checked(queries.instruments())
