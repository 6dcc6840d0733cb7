"""Agreeing anew, when the consent text has changed: read, tick, sign; or decline, and choose.

Whoever has to is led here from every link, before anything else is asked. Looking changes nothing.
Afterwards the page holds what was signed, to be printed, and leads on to the questionnaire.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from surveys import pipeline, tasks
from surveys.audit.actors import Actor
from surveys.design.protocol import Protocol
from surveys.lib import clock, markdown, tokens
from surveys.lib.doorbell import ring
from surveys.messaging.notifying import Words
from surveys.participants.consents import agreed_to
from surveys.participants.models import Participant
from surveys.participants.renewing import SOURCE, TextChanged, asked_of
from surveys.portal import notices
from surveys.portal.access import FROM_OWN_PAGE, NoSuchLink, behind_link, behind_own_link
from surveys.portal.frame import Frame, frame_of_study
from surveys.portal.letters import letter
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms
from surveys.portal.responses import render, see_other
from surveys.portal.statements import Faults, faults_of, html, statements, text_of, ticked_in
from surveys.safety import queries as safety
from surveys.scheduling.models import Occasion

LANGUAGE, TO = "language", "to"  # in the query: shown in which language, and where it leads on
NO_FAULTS: Faults = {}


@dataclass(frozen=True)
class Visit:
    """One request of one participant; `to` is the questionnaire that waits, if one does."""

    request: HttpRequest
    participant: Participant
    protocol: Protocol
    frame: Frame
    to: Occasion | None
    token: str
    now: datetime

    @property
    def carried(self) -> dict[str, str]:
        """What every address of this page goes on saying."""
        names = (TO, FROM_OWN_PAGE) if self.to else ()
        kept = {name: self.request.GET[name] for name in names if name in self.request.GET}
        return {**kept, LANGUAGE: self.frame.language}

    @property
    def here(self) -> str:
        """This page, in this language."""
        return f"{self.request.path}?{urlencode(self.carried)}"

    @property
    def onward(self) -> str:
        """The questionnaire, by the link that led here; else the person's own page."""
        if self.to is None:
            return reverse("portal:own", args=[self.token])
        path = reverse("portal:landing", args=[self.request.GET[TO]])
        return f"{path}?{FROM_OWN_PAGE}" if FROM_OWN_PAGE in self.request.GET else path


def path(occasion: Occasion, frame: Frame, *, is_mailed: bool = True) -> str:
    """Where somebody agrees before they go on with this occasion."""
    token = tokens.make("me", occasion.participant.key)
    to = tokens.make("occasion", occasion.pk, occasion.link_generation)
    query = {TO: to, LANGUAGE: frame.language} | ({} if is_mailed else {FROM_OWN_PAGE: ""})
    return f"{reverse('portal:consent', args=[token])}?{urlencode(query)}"


def hold(
    request: HttpRequest, occasion: Occasion, frame: Frame, posted: Mapping[str, str]
) -> HttpResponse:
    """A page of answers came before the consent: keep it in the browser until that is given."""
    return notices.hold(request, frame, posted, consent=path(occasion, frame))


@takes_forms
def consent(request: HttpRequest, token: str) -> HttpResponse:
    """Show the new text; posted, agree to it or decline."""
    try:
        visit = _visit(request, token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if visit.participant.status == Participant.Status.WITHDRAWN:
        return notices.show(request, Notice.LEFT, replace(visit.frame, languages=()))
    if visit.participant.consent_pending_since is None:
        return _given(visit)
    if request.method != "POST":
        return _declined(visit) if "declined" in request.GET else _asked(visit)
    if "decline" in request.POST:
        pipeline.decline_consent(
            participant=visit.participant, by=_by(visit.participant), now=visit.now
        )
        return see_other(f"{visit.here}&declined=1")
    return _agree(visit)


def _visit(request: HttpRequest, token: str) -> Visit:
    participant = behind_own_link("me", token)
    protocol = asked_of(participant)
    frame = frame_of_study(protocol, request.GET.get(LANGUAGE, ""), participant.language)
    to = behind_link(request.GET[TO]) if TO in request.GET else None
    if to is not None and to.participant_id != participant.pk:
        raise NoSuchLink
    if to is not None:
        frame = replace(frame, care=safety.help_for(to, frame.language).words)
    return Visit(request, participant, protocol, frame, to, token, clock.now())


def _agree(visit: Visit) -> HttpResponse:
    posted = visit.request.POST.dict()
    ticked, language = ticked_in(visit.protocol, posted), visit.frame.language
    if posted.get("version") != str(visit.protocol.consent.version):
        return _asked(visit, is_newer=True)
    if faults := faults_of(visit.protocol, language, posted, visit.now):
        return _asked(visit, faults, ticked)
    try:
        pipeline.renew_consent(
            participant=visit.participant,
            version=visit.protocol.consent.version,
            language=language,
            ticked=ticked,
            words=lambda signed: _copy(visit.frame, signed),
            by=_by(visit.participant),
            now=visit.now,
        )
    except TextChanged:
        return _asked(_visit(visit.request, visit.token), is_newer=True)
    ring(tasks.notify)
    return see_other(visit.here)


def _asked(
    visit: Visit,
    faults: Faults = NO_FAULTS,
    ticked: Collection[int] = (),
    *,
    is_newer: bool = False,
) -> HttpResponse:
    """The new text, what it replaces, and its sentences."""
    language = visit.frame.language
    return render(
        visit.request,
        "consent.html",
        visit.frame,
        status=422 if faults else 409 if is_newer else 200,
        text=text_of(visit.protocol, language),
        before=html(agreed_to(visit.participant, language), language),
        statements=statements(visit.protocol, language, faults, ticked),
        version=visit.protocol.consent.version,
        faults=faults,
        is_newer=is_newer,
        here=visit.here,
        carried={name: value for name, value in visit.carried.items() if name != LANGUAGE},
        leave=reverse("portal:leave", args=[visit.token]),
    )


def _declined(visit: Visit) -> HttpResponse:
    own = reverse("portal:own", args=[visit.token])
    leave = reverse("portal:leave", args=[visit.token])
    frame = replace(visit.frame, languages=())
    return render(
        visit.request, "consent_declined.html", frame, here=visit.here, own=own, leave=leave
    )


def _given(visit: Visit) -> HttpResponse:
    """What was signed here last, to be printed, and the way on."""
    last = visit.participant.consents.order_by("version").last()
    signed = last.signed_text if last and last.source == SOURCE else ""
    frame = replace(visit.frame, languages=())
    return render(
        visit.request,
        "consent_given.html",
        frame,
        signed=html(signed, visit.frame.language),
        onward=visit.onward,
        is_questionnaire=visit.to is not None,
    )


def _by(participant: Participant) -> Actor:
    return Actor.participant(participant.code)


def _copy(frame: Frame, signed: str) -> Words:
    """The mail with a copy of what was signed."""
    with translation.override(frame.spoken):
        title = gettext("A copy of your consent")
    contact = f"{frame.contact_name}: {frame.contact_email}"
    return letter(frame, title, markdown.to_text(signed), contact)
