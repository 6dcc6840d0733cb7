"""The researcher's first pages: their studies, and one study at a glance."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from surveys.access import policy
from surveys.access.roles import Permission
from surveys.console.chrome import show, study_page
from surveys.design import queries as design
from surveys.design import timeline
from surveys.design.models import ProtocolVersion, Study
from surveys.design.registry import protocol_of
from surveys.instruments import registry
from surveys.instruments.definition import Instrument
from surveys.lib.languages import pick
from surveys.messaging import outbox
from surveys.participants.models import Participant
from surveys.scheduling import queries as scheduling


@login_required
def studies(request: HttpRequest) -> HttpResponse:
    """All studies in which the user holds a role."""
    found = policy.studies_of(request.user).annotate(
        n_participants=Count("participants", distinct=True),
        version=Max("protocols__version"),
    )
    rows = [(study, pick(study.title, "en")) for study in found.order_by("code")]
    return show(
        request, "console/studies.html", rows=rows, may_create=policy.may_create(request.user)
    )


@study_page(Permission.STUDY_VIEW)
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """One study: where every wave stands, and what needs a look."""
    version = study.protocols.order_by("-version").first()
    if version is None:
        return show(request, "console/study_draft.html", study)
    return show(request, "console/study.html", study, **_glance(study, version))


def _glance(study: Study, version: ProtocolVersion) -> dict[str, object]:
    protocol = protocol_of(version)
    people = Participant.objects.filter(study=study).aggregate(
        enrolled=Count("pk"), withdrawn=Count("pk", filter=Q(status="withdrawn"))
    )
    return {
        "version": version,
        "protocol": protocol,
        "picture": SafeString(timeline.svg(protocol, "en")),
        "waves": scheduling.wave_counts(study),
        "titles": {w.code: pick(w.title, "en") if w.title else w.code for w in protocol.waves},
        "people": people,
        "messages": outbox.counts(study),
        "instruments": instruments_of(version),
        "n_arms": list(_arms(study)),
    }


def instruments_of(version: ProtocolVersion) -> list[Instrument]:
    """The instruments that a protocol names, in its order, each once."""
    refs = dict.fromkeys(ref for wave in protocol_of(version).waves for ref in wave.instruments)
    return [registry.instrument(ref) for ref in refs]


def _arms(study: Study) -> list[tuple[str, int]]:
    counted = study.participants.exclude(arm="").values_list("arm").annotate(n=Count("pk"))
    return list(counted.order_by("arm"))


def current_or_none(study: Study) -> ProtocolVersion | None:
    """The version in force, if any."""
    try:
        return design.current(study)
    except design.NotPublished:
        return None
