"""One participant's page, which looking and changing share."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from surveys.console.chrome import show
from surveys.console.occasions import told_by_wave
from surveys.design import zones
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.lib.crypto import CannotDecrypt
from surveys.messaging import explaining, suppressions
from surveys.messaging.explanation.guards import SUPPRESSED
from surveys.messaging.models import Suppression
from surveys.participants.actions import Scope
from surveys.participants.models import Participant
from surveys.responding.attending import attention_of
from surveys.scheduling import queries as scheduling

SCOPES = (
    (Scope.KEEP_DATA, "Keep the answers, and name and address"),
    (Scope.ERASE_CONTACT, "Keep the answers, delete name and address for good"),
    (Scope.ERASE_DATA, "Delete name, address and all answers for good"),
)

REMINDERS = {"all": "all reminders", "one": "one reminder", "none": "no reminders"}


def find(study: Study, code: str) -> Participant:
    """The participant of the study; raises Http404."""
    try:
        return Participant.objects.select_related("protocol", "study").get(study=study, code=code)
    except Participant.DoesNotExist as error:
        raise Http404("no such participant") from error


def person_page(
    request: HttpRequest,
    study: Study,
    person: Participant,
    *,
    problem: str = "",
    change: str = "",
    contact: str = "",
) -> HttpResponse:
    """The page, after a refused `change` with the problem and with what was typed."""
    suppression = _suppression(person)
    occasions = scheduling.occasions_of(person).select_related("participant__study", "protocol")
    explained = explaining.of_occasions(occasions, now=clock.now())
    return show(
        request,
        "console/participant.html",
        study,
        status=422 if problem else 200,
        participant=person,
        anchors=_anchors(person),
        form_in_words=_form_in_words(person),
        consents=person.consents.order_by("version"),
        waves=told_by_wave(explained, attention_of(person)),
        scopes=_scopes_left(person),
        reminders=REMINDERS,
        suppression=suppression,
        suppression_why=_why(suppression, study),
        zones=sorted(zones.known()),
        is_pausing=person.pause_ends_at is not None and person.pause_ends_at > clock.now(),
        has_own_times=any(w.schedule.own_time for w in protocol_of(person.protocol).waves),
        problem=problem,
        change=change,
        typed=request.POST,
        contact=contact,
    )


def _suppression(person: Participant) -> Suppression | None:
    """Why nothing is sent to the person's address; None also while it cannot be decrypted."""
    try:
        return suppressions.of(person)
    except CannotDecrypt:
        return None


def _why(suppression: Suppression | None, study: Study) -> str:
    """In words; what the server said is shown where the mail was this study's."""
    if suppression is None:
        return ""
    words = SUPPRESSED[suppression.reason]
    message = suppression.message
    is_ours = message is not None and message.occasion.participant.study_id == study.pk
    return f"{words}: “{suppression.detail}”" if is_ours and suppression.detail else words


def _anchors(person: Participant) -> list[tuple[str, str]]:
    """The dates of the protocol, each with the person's own, empty while it is not set."""
    given = {anchor.name: anchor.on.isoformat() for anchor in person.anchors.all()}
    return [(name, given.get(name, "")) for name in protocol_of(person.protocol).anchors]


def _form_in_words(person: Participant) -> str:
    """What the person's form leaves out; empty when their protocol does not have it."""
    form = protocol_of(person.protocol).form(person.form)
    return form.in_words() if form.code == person.form else ""


def _scopes_left(person: Participant) -> list[tuple[Scope, str]]:
    """What a withdrawal may still do: all of it, or what an earlier one left."""
    values = [scope for scope, _ in SCOPES]
    done = person.withdrawal_scope
    return list(SCOPES[values.index(Scope(done)) + 1 :] if done else SCOPES)
