"""Leaving the study: choose how far, read what it means, confirm; then a receipt to keep.

Looking changes nothing; only the confirming POST does. The receipt has a link of its own, which
only whoever confirmed has: the links in old mails say nothing about somebody who has left.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock, dates, tokens
from surveys.participants.actions import Scope
from surveys.participants.consents import choices
from surveys.participants.copies import TooManyCopies
from surveys.participants.models import Participant
from surveys.portal import copying, notices
from surveys.portal.access import NoSuchLink, behind_own_link
from surveys.portal.farewell import MEANING, receipt_mail
from surveys.portal.frame import frame_of_person
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms
from surveys.portal.responses import render, see_other


@dataclass(frozen=True)
class Left:
    """What a receipt says."""

    day: str  # in words
    scope: Scope
    reference: str  # the code under which the study knows them
    more: list[Scope]  # how much further they can still go


@takes_forms
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """The choice, and what the chosen one means; posted, leave."""
    try:
        participant = behind_own_link("me", token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if request.method == "POST":
        return _confirmed(request, participant)
    if participant.status == Participant.Status.WITHDRAWN:
        return notices.show(request, Notice.LEFT, frame_of_person(participant))
    return _shown(request, participant, back=reverse("portal:own", args=[token]))


@takes_forms
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """What became of somebody's data, and the way to have more of it deleted."""
    try:
        participant = behind_own_link("left", token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if participant.withdrawn_at is None:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if request.POST.get("action") == "copy":
        return _copied(request, participant)
    if request.method == "POST":
        return _confirmed(request, participant)
    if request.GET.get("scope") in choices(participant):
        return _shown(request, participant, back=request.path)
    frame = frame_of_person(participant)
    left = Left(
        day=dates.day(participant.withdrawn_at, participant.timezone, frame.language),
        scope=Scope(participant.withdrawal_scope),
        reference=participant.code,
        more=choices(participant),
    )
    return render(request, "receipt.html", frame, left=left, meaning=MEANING[left.scope])


def _shown(request: HttpRequest, participant: Participant, *, back: str) -> HttpResponse:
    """First what can be chosen, then what was chosen in plain words with one button."""
    offered, wanted = choices(participant), request.GET.get("scope", "")
    frame = frame_of_person(participant)
    if wanted not in offered:
        scopes = [(scope, MEANING[scope]) for scope in offered]
        return render(request, "leave.html", frame, scopes=scopes, back=back)
    meaning = MEANING[wanted]
    return render(request, "leave_confirm.html", frame, scope=wanted, back=back, meaning=meaning)


def _copied(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Mail the link to a copy of their data, while there is an address."""
    frame, by = frame_of_person(participant), Actor.participant(participant.code)
    words = copying.offering(frame, participant)
    try:
        is_sent = pipeline.ask_copy(participant=participant, words=words, by=by, now=clock.now())
    except TooManyCopies:
        is_sent = False
    return notices.show(request, Notice.LINK_SENT if is_sent else Notice.NO_MAIL, frame)


def _confirmed(request: HttpRequest, participant: Participant) -> HttpResponse:
    """Do it, also a second time: whoever presses twice gets the same receipt."""
    scope = request.POST.get("scope", "")
    is_done = participant.withdrawal_scope == scope != ""
    if not is_done and scope not in choices(participant):
        return notices.show(request, Notice.ODD, frame_of_person(participant))
    now, frame = clock.now(), frame_of_person(participant)
    page = reverse("portal:receipt", args=[tokens.make("left", participant.key)])
    receipt = receipt_mail(
        frame,
        scope,
        day=dates.day(now, participant.timezone, frame.language),
        reference=participant.code,
        link=f"{settings.PUBLIC_ORIGIN}{page}",
    )
    by = Actor.participant(participant.code)
    pipeline.leave(participant=participant, scope=scope, receipt=receipt, by=by, now=now)
    return see_other(page)
