"""The page behind the link in a sign-up's mail. Looking changes nothing; the button enrols."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from surveys import pipeline, tasks
from surveys.design.registry import protocol_of
from surveys.lib import clock, tokens
from surveys.lib.dates import own_name
from surveys.lib.doorbell import ring
from surveys.participants import joining, sign_up_counts
from surveys.participants.joining import NoSuchSignUp, Outcome, Standing
from surveys.participants.models import JoiningCount
from surveys.portal import notices
from surveys.portal.frame import Frame, frame_of_study
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms, unpressed
from surveys.portal.responses import render, see_other
from surveys.portal.statements import html

OF_OUTCOME = {
    Outcome.FULL: Notice.FULL,
    Outcome.TEXT_CHANGED: Notice.TEXT_CHANGED,
    Outcome.PANEL_KNOWN: Notice.PANEL_KNOWN,
    Outcome.REFUSED: Notice.CANNOT_JOIN,
}


@takes_forms
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for the button; posted, enrol. Afterwards the page holds the consent, to be printed."""
    try:
        sign_up = _behind(token)
        stands = joining.standing(sign_up)
    except (tokens.BadToken, NoSuchSignUp):
        return notices.show(request, Notice.NO_SUCH_LINK)
    frame = replace(frame_of_study(protocol_of(stands.protocol), stands.language), languages=())
    if "confirm" not in request.POST:
        return _page(request, frame, stands)
    try:
        outcome = pipeline.join(sign_up=sign_up, now=clock.now())
    except NoSuchSignUp:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if outcome is Outcome.JOINED:
        ring(tasks.sweep)  # the first questionnaire may be open at once
        return see_other(request.path)
    if outcome is Outcome.FULL:
        sign_up_counts.count(stands.study, JoiningCount.Kind.FULL, at=clock.now())
    return notices.show(request, OF_OUTCOME[outcome], frame)


def _behind(token: str) -> UUID:
    row = tokens.claimed_row(token)
    tokens.verify(joining.PURPOSE, token, row)
    return row


def _page(request: HttpRequest, frame: Frame, stands: Standing) -> HttpResponse:
    return render(
        request,
        "join_confirm.html",
        frame,
        status=unpressed(request),
        stands=stands,
        signed=html(stands.signed_text, stands.language),
        spoken=own_name(stands.language),
    )
