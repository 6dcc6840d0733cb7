"""A new e-mail address: what the mails about it say, and the page behind the link in the first.

Looking at that page changes nothing, since programs look at every link; its button does.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from surveys import pipeline
from surveys.lib import clock, tokens
from surveys.messaging.notifying import Words
from surveys.participants.mailing import AddressTaken, NoAddress
from surveys.participants.readdressing import NoSuchWish, asked_by
from surveys.portal import notices
from surveys.portal.frame import Frame, frame_of_person
from surveys.portal.letters import letter
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms, unpressed
from surveys.portal.responses import render


@takes_forms
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the button; posted, write to the new address from now on."""
    now = clock.now()
    try:
        change = tokens.claimed_row(token)
        tokens.verify("address", token, change)
        participant = asked_by(change, now=now)
        frame = frame_of_person(participant)
        if is_done := "confirm" in request.POST:
            told = _told(frame)
            participant = pipeline.confirm_address(change=change, words=told, now=now)
    except (tokens.BadToken, NoSuchWish, AddressTaken, NoAddress):
        return notices.show(request, Notice.NO_SUCH_LINK)
    if not is_done:
        return render(request, "address.html", frame, status=unpressed(request))
    own = reverse("portal:own", args=[tokens.make("me", participant.key)])
    return render(request, "address.html", frame, own=own)


def asking(frame: Frame, change: UUID) -> Words:
    """What the mail to the new address says."""
    link = reverse("portal:address", args=[tokens.make("address", change)])
    with translation.override(frame.spoken):
        return letter(
            frame,
            gettext("Please confirm your e-mail address"),
            gettext(
                "Somebody who takes part in this study asked to be written to at this address. If"
                " it was you, open this page within three days and press the button:"
            )
            + f"\n{settings.PUBLIC_ORIGIN}{link}",
            gettext("If it was not you, do nothing: then nothing changes."),
        )


def _told(frame: Frame) -> Words:
    """What the mail to the old address says; it does not name the new one."""
    with translation.override(frame.spoken):
        return letter(
            frame,
            gettext("Your e-mail address was changed"),
            gettext(
                "From now on we write to another address, as you asked on your page. The links in"
                " e-mails that we sent here have stopped working."
            ),
            gettext("If it was not you, please write to us at once:")
            + f"\n{frame.contact_name}: {frame.contact_email}",
        )
