"""No more mails: what a mail program posts by itself (RFC 8058), and the same as a page.

The token alone says who it is: mail programs send neither cookies nor a CSRF token, and follow no
redirect. A GET or HEAD shows a button and changes nothing, since scanners follow every link.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.portal import notices
from surveys.portal.access import NoSuchLink, behind_own_link
from surveys.portal.frame import frame_of_person
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms
from surveys.portal.responses import render


@csrf_exempt
@takes_forms
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Say what stopping the mails means; posted, stop them or start them again."""
    try:
        participant = behind_own_link("unsubscribe", token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    frame = frame_of_person(participant)
    if participant.status == Participant.Status.WITHDRAWN:
        return notices.show(request, Notice.LEFT, frame)
    if request.method == "POST" and not _acts(request, participant):
        return notices.show(request, Notice.ODD, frame)
    return render(request, "unsubscribe.html", frame, participant=participant)


def _acts(request: HttpRequest, participant: Participant) -> bool:
    """Do what was posted; False when it is neither of the two things that can be asked."""
    by, now = Actor.participant(participant.code), clock.now()
    if request.POST.get("List-Unsubscribe") == "One-Click":
        pipeline.unsubscribe(participant=participant, by=by, now=now)
        return True
    if "again" in request.POST:
        pipeline.resubscribe(participant=participant, by=by, now=now)
        return True
    return False
