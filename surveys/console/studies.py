"""The researcher's first pages: their studies, and one study at a glance."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse

from surveys.access import policy
from surveys.access.roles import Permission
from surveys.console.chrome import LANGUAGE, show, study_page
from surveys.console.glance import glance
from surveys.design import queries as design
from surveys.design.models import ProtocolVersion, Study
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.lib.languages import pick
from surveys.messaging import holding
from surveys.safety import queries as safety


@login_required
def studies(request: HttpRequest) -> HttpResponse:
    """All studies in which the user holds a role."""
    found = policy.studies_of(request.user).annotate(
        n_participants=Count("participants", distinct=True),
        version=Max("protocols__version"),
    )
    rows = [(study, pick(study.title, LANGUAGE)) for study in found.order_by("code")]
    return show(
        request,
        "console/studies.html",
        rows=rows,
        may_create=policy.may_create(request.user),
        is_administrator=policy.is_administrator(request.user),
        hold=holding.current(),
    )


@study_page(Permission.STUDY_VIEW)
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """One study: where every wave stands, what needs a look, and what to do next."""
    version = current_or_none(study)
    if version is None:
        return show(request, "console/study_draft.html", study)
    now = clock.now()
    return show(
        request,
        "console/study.html",
        study,
        version=version,
        glance=glance(study, version, now=now),
        alerts=safety.counts(study, now=now),
        n_stuck=safety.stuck(study).count(),
        has_rules=bool(protocol_of(version).safety),
    )


def current_or_none(study: Study) -> ProtocolVersion | None:
    """The version in force, if any."""
    try:
        return design.current(study)
    except design.NotPublished:
        return None
