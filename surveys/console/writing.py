"""What staff change about how somebody is written to, because that person asked for it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.console.chrome import study_page
from surveys.console.person import find
from surveys.design.models import Study
from surveys.lib import clock


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def resubscribe(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Write again to somebody who had stopped the mails and asked for them since."""
    person = find(study, participant)
    pipeline.resubscribe(participant=person, by=actor_of(request.user), now=clock.now())
    messages.success(request, f"{person.code} gets mails again, with what is still ahead.")
    return redirect("console:participant", study.code, person.code)
