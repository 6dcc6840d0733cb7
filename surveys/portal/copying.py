"""A copy of one's own data: a link is mailed to the address on file, and its page has a button.

Answers are more than the own page shows, whose link stands in every mail and may be passed on. So
the copy needs a link that is a day old at the most, and a POST, which no scanner sends.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.messaging.notifying import Words
from surveys.participants.actions import Scope
from surveys.participants.models import Participant
from surveys.portal import notices
from surveys.portal.frame import Frame, frame_of_person
from surveys.portal.letters import letter
from surveys.portal.notices import Notice
from surveys.portal.own_copy import own_copy
from surveys.portal.posting import takes_forms, unpressed
from surveys.portal.responses import private, render

SALT = "portal.copy"
VALID_FOR = timedelta(days=1)  # real time


@takes_forms
def copy(request: HttpRequest, signed: str) -> HttpResponse:
    """Say what the copy holds; posted, hand it over."""
    try:
        key = UUID(signing.loads(signed, salt=SALT, max_age=VALID_FOR))
        rows = Participant.objects.select_related("study", "protocol")
        participant = rows.get(key=key)
    except (signing.BadSignature, Participant.DoesNotExist):
        return notices.show(request, Notice.NO_SUCH_LINK)
    if participant.withdrawal_scope == Scope.ERASE_DATA:
        return notices.show(request, Notice.NO_SUCH_LINK)
    frame = frame_of_person(participant)
    if "load" not in request.POST:
        return render(request, "copy.html", frame, status=unpressed(request))
    now, by = clock.now(), Actor.participant(participant.code)
    pipeline.copy_made(participant=participant, by=by, now=now)
    found = own_copy(participant, frame.language, now)
    with translation.override(frame.spoken):
        page = render_to_string("portal/copy_file.html", {"frame": frame, "copy": found})
    response = HttpResponse(_zipped(page, found), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return private(response)


def offering(frame: Frame, participant: Participant) -> Words:
    """What the mail with the link says."""
    signed = signing.dumps(str(participant.key), salt=SALT)
    with translation.override(frame.spoken):
        title = gettext("A copy of your data")
        how = gettext("Open this page within a day and press the button there:")
        not_you = gettext("If you did not ask for this, do nothing: nobody else has this link.")
    link = f"{settings.PUBLIC_ORIGIN}{reverse('portal:copy', args=[signed])}"
    return letter(frame, title, f"{how}\n{link}", not_you)


def _zipped(page: str, found: object) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("my-data.html", page)
        archive.writestr("my-data.json", json.dumps(found, ensure_ascii=False, indent=2))
    return file.getvalue()
