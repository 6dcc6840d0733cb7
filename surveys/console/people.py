"""Participants by pseudonym: the grid, one person's page, and enrolment.

Contact details are the only personal data the console ever shows; showing them is its own
permission, a POST, and an entry in the audit trail. Changes by staff stand in `changing`.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.audit import log
from surveys.console.chrome import LANGUAGE, show, study_page
from surveys.console.occasions import SYMBOLS, WORDS, grid_cells
from surveys.console.person import find, person_page
from surveys.console.studies import current_or_none
from surveys.console.words import wave_title
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.participants import csvfile
from surveys.participants.enrolment import EnrolmentResult
from surveys.participants.entries import EntryProblems, columns
from surveys.participants.identity.actions import contacts_of
from surveys.scheduling.queries import waiting_for_consent

PAGE = 50
MOST_PROBLEMS = 100  # shown at once; a file with more has something wrong throughout


@study_page(Permission.PARTICIPANT_VIEW)
def people(request: HttpRequest, study: Study) -> HttpResponse:
    """Participants by waves."""
    search = request.GET.get("code", "").strip()
    only_pending = request.GET.get("pending") == "1"
    rows = waiting_for_consent(study) if only_pending else study.participants.all()
    found = rows.filter(code__icontains=search).order_by("code")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    version = current_or_none(study)
    waves = protocol_of(version).waves if version else ()
    return show(
        request,
        "console/people.html",
        study,
        page=page,
        rows=grid_cells(list(page), [wave.code for wave in waves]),
        titles=[wave_title(wave, LANGUAGE) for wave in waves],
        legend=[(state, symbol, WORDS[state]) for state, symbol in SYMBOLS.items()],
        is_published=version is not None,
        search=search,
        only_pending=only_pending,
        query=_query(code=search, pending="1" if only_pending else ""),
    )


def _query(**wanted: str) -> str:
    """What the other pages of the list are asked with."""
    given = {name: value for name, value in wanted.items() if value}
    return f"{urlencode(given)}&" if given else ""


@study_page(Permission.PARTICIPANT_ENROL)
def enrol(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Enrol everybody in an uploaded file, or nobody."""
    version = current_or_none(study)
    if version is None:
        messages.error(request, "Publish the study before you enrol people.")
        return redirect("console:design", study.code)
    protocol, problems = protocol_of(version), []
    if request.method == "POST":
        try:
            result = _enrol(request, study, protocol)
        except EntryProblems as error:
            problems = [str(problem) for problem in error.problems]
        else:
            messages.success(request, _said(result))
            return redirect("console:people", study.code)
    needed, allowed = columns(protocol)
    return show(
        request,
        "console/enrol.html",
        study,
        status=422 if problems else 200,
        problems=problems[:MOST_PROBLEMS],
        n_more=max(0, len(problems) - MOST_PROBLEMS),
        protocol=protocol,
        needed=needed,
        allowed=allowed,
    )


@study_page(Permission.PARTICIPANT_VIEW)
def participant(request: HttpRequest, study: Study, participant: str) -> HttpResponse:
    """One participant: facts, every occasion with its reasons, every message."""
    return person_page(request, study, find(study, participant))


@require_POST
@study_page(Permission.CONTACT_VIEW)
def contact(request: HttpRequest, study: Study, participant: str) -> HttpResponse:
    """The same page with name and address; that it was looked at is kept."""
    person = find(study, participant)
    log.record(
        "contact.viewed",
        by=actor_of(request.user),
        at=clock.now(),
        study=study.code,
        subject=person.code,
    )
    known = contacts_of([person.pk]).get(person.pk)
    shown = f"{known.name} <{known.email}>".strip() if known else "deleted"
    return person_page(request, study, person, contact=shown)


def _enrol(request: HttpRequest, study: Study, protocol: Protocol) -> EnrolmentResult:
    file, now = request.FILES.get("file"), clock.now()
    data = file.read() if file else b""
    entries = csvfile.read(data, protocol=protocol, now=now)
    return pipeline.enrol(
        study=study, entries=entries, source="console", by=actor_of(request.user), now=now
    )


def _said(result: EnrolmentResult) -> str:
    n_new, n_known = len(result.created), len(result.already)
    said = ["1 person is enrolled." if n_new == 1 else f"{n_new} people are enrolled."]
    if n_known:
        said.append(f"{n_known} of the file were enrolled already.")
    if result.left_out:
        said.append(f"{len(result.left_out)} asked to be forgotten and were left out.")
    return " ".join(said)
