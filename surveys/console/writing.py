"""What staff change about how somebody is written to: where, and whether at all."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.console.chrome import study_page
from surveys.console.person import REMINDERS, find, person_page
from surveys.design.models import Study
from surveys.lib import clock
from surveys.participants.actions import HasWithdrawn, UnknownReminders
from surveys.participants.addresses import BadAddress
from surveys.participants.mailing import AddressTaken, NoAddress


@require_POST
@study_page(Permission.CONTACT_VIEW)
def correct_address(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Note a participant's right address; it is neither shown again nor kept in the activity."""
    person = find(study, participant)
    try:
        is_new = pipeline.correct_address(
            participant=person,
            email=request.POST.get("email", ""),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (BadAddress, AddressTaken, NoAddress) as error:
        return person_page(request, study, person, problem=f"{error}.", change="address")
    said = (
        "is corrected. What is open and did not arrive is sent there." if is_new else "was right."
    )
    messages.success(request, f"The address of {person.code} {said}")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def set_reminders(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Note how many reminders somebody wants who asked staff for it."""
    person = find(study, participant)
    try:
        pipeline.set_reminders(
            participant=person,
            wanted=request.POST.get("reminders", ""),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (UnknownReminders, HasWithdrawn) as error:
        return person_page(request, study, person, problem=str(error), change="reminders")
    wanted = REMINDERS[person.reminders]
    messages.success(request, f"{person.code} gets {wanted} of each questionnaire from now on.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def lift_suppression(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Write to an address again that mail came back from, or whose owner had complained."""
    person, reason = find(study, participant), request.POST.get("reason", "").strip()
    if not reason:
        return person_page(request, study, person, problem="Say why.", change="lift")
    pipeline.lift_suppression(
        participant=person, reason=reason[:500], by=actor_of(request.user), now=clock.now()
    )
    messages.success(request, f"{person.code} is written to again.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def resubscribe(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Write again to somebody who had stopped the mails and asked for them since."""
    person = find(study, participant)
    pipeline.resubscribe(participant=person, by=actor_of(request.user), now=clock.now())
    messages.success(request, f"{person.code} gets mails again, with what is still ahead.")
    return redirect("console:participant", study.code, person.code)
