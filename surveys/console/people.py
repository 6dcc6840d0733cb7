"""Participants by pseudonym: the grid, one person's page, enrolment, and changes by staff.

Contact details are the only personal data the console ever shows; showing them is its own
permission, a POST, and an entry in the audit trail.
"""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.audit import log
from surveys.console.chrome import show, study_page
from surveys.console.occasions import SYMBOLS, grid_cells, told
from surveys.console.studies import current_or_none
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.lib.languages import pick
from surveys.participants import csvfile
from surveys.participants.actions import HasWithdrawn, Scope, UnknownAnchor, UnknownZone
from surveys.participants.enrolment import ConsentMissing, EnrolmentConflict
from surveys.participants.identity.actions import Contact, contacts_of
from surveys.participants.models import Participant
from surveys.scheduling import queries as scheduling

PAGE = 50
SCOPES = (
    (Scope.KEEP_DATA, "Keep the answers and the contact details"),
    (Scope.ERASE_CONTACT, "Keep the answers, delete name and address"),
)


@study_page(Permission.PARTICIPANT_VIEW)
def people(request: HttpRequest, study: Study) -> HttpResponse:
    """Participants by waves."""
    search = request.GET.get("code", "").strip().replace("\0", "")
    found = Participant.objects.filter(study=study, code__icontains=search).order_by("code")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    version = current_or_none(study)
    waves = protocol_of(version).waves if version else ()
    page.object_list = grid_cells(list(page.object_list), [wave.code for wave in waves])
    return show(
        request,
        "console/people.html",
        study,
        page=page,
        titles=[pick(w.title, "en") if w.title else w.code for w in waves],
        symbols=SYMBOLS.items(),
        search=search,
        query=f"code={search}&" if search else "",
    )


@study_page(Permission.PARTICIPANT_ENROL)
def enrol(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Enrol everybody in an uploaded file, or nobody."""
    version = current_or_none(study)
    if version is None:
        messages.error(request, "Publish the study before you enrol people.")
        return redirect("console:design", study.code)
    protocol, problems = protocol_of(version), ""
    if request.method == "POST":
        file, now = request.FILES.get("file"), clock.now()
        try:
            entries = csvfile.read(file.read() if file else b"", protocol=protocol, now=now)
            result = pipeline.enrol(
                study=study, entries=entries, source="console", by=actor_of(request.user), now=now
            )
        except (csvfile.CsvProblems, EnrolmentConflict, ConsentMissing) as error:
            problems = str(error)
        else:
            said = f"{len(result.created)} enrolled, {len(result.already)} were enrolled already."
            messages.success(request, said)
            return redirect("console:people", study.code)
    return show(
        request,
        "console/enrol.html",
        study,
        status=422 if problems else 200,
        problems=problems,
        consent_version=protocol.consent.version,
        columns=csvfile.columns(protocol),
    )


@study_page(Permission.PARTICIPANT_VIEW)
def participant(request: HttpRequest, study: Study, participant: str) -> HttpResponse:
    """One participant: facts, every occasion with its reasons, every message."""
    return _person_page(request, study, _get(study, participant))


@require_POST
@study_page(Permission.CONTACT_VIEW)
def contact(request: HttpRequest, study: Study, participant: str) -> HttpResponse:
    """The same page with name and address; that it was looked at is kept."""
    person = _get(study, participant)
    log.record(
        "contact.viewed",
        by=actor_of(request.user),
        at=clock.now(),
        study=study.code,
        subject=person.code,
    )
    return _person_page(request, study, person, contact=contacts_of([person.pk]).get(person.pk))


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def withdraw(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """End somebody's participation on their behalf."""
    person, reason = _get(study, participant), request.POST.get("reason", "").strip()
    scope = request.POST.get("scope", "")
    if not reason or scope not in set(Scope):
        return _person_page(request, study, person, problem="Say why, and what is kept.")
    pipeline.withdraw(
        participant=person, scope=scope, reason=reason, by=actor_of(request.user), now=clock.now()
    )
    messages.success(request, f"{person.code} is withdrawn. Nothing further is sent.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def move(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Note that somebody lives in another zone now."""
    person = _get(study, participant)
    try:
        pipeline.move(
            participant=person,
            timezone=request.POST.get("timezone", "").strip(),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (UnknownZone, HasWithdrawn) as error:
        return _person_page(request, study, person, problem=str(error))
    messages.success(request, "The zone is noted; what is not yet due moved along.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def set_anchor(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Set one person's own date."""
    person = _get(study, participant)
    try:
        pipeline.set_anchor(
            participant=person,
            name=request.POST.get("name", ""),
            on=date.fromisoformat(request.POST.get("on", "")),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except UnknownAnchor as error:
        return _person_page(request, study, person, problem=str(error))
    except HasWithdrawn as error:
        return _person_page(request, study, person, problem=str(error))
    except ValueError:
        return _person_page(request, study, person, problem="Give a date such as 2027-01-31.")
    messages.success(request, "The date is set, and the waves that hang on it are planned.")
    return redirect("console:participant", study.code, person.code)


def _get(study: Study, code: str) -> Participant:
    return get_object_or_404(
        Participant.objects.select_related("protocol", "study"), study=study, code=code
    )


def _person_page(
    request: HttpRequest,
    study: Study,
    person: Participant,
    *,
    problem: str = "",
    contact: Contact | None = None,
) -> HttpResponse:
    return show(
        request,
        "console/participant.html",
        study,
        status=422 if problem else 200,
        participant=person,
        anchors=person.anchors.order_by("name"),
        anchor_names=protocol_of(person.protocol).anchors,
        consents=person.consents.order_by("version"),
        occasions=[told(occasion) for occasion in scheduling.occasions_of(person)],
        scopes=SCOPES,
        problem=problem,
        contact=contact,
    )
