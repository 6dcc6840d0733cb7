"""Signing up by a study's public link: what it is, the screener, the consent, the address.

Each page is posted with the state of those before. A GET shows the first page and changes nothing.
Whoever takes part already sees the same pages as everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.http import require_safe

from surveys import pipeline, tasks
from surveys.design.joining import SCREENER, Answer, is_eligible
from surveys.lib import clock
from surveys.lib.doorbell import ring
from surveys.participants import addresses, joining, sign_up_counts
from surveys.participants.agreeing import signed_text
from surveys.participants.joining import Application, Invitation, NotOpen, Outcome
from surveys.participants.models import JoiningCount
from surveys.portal import joining_pages as show
from surveys.portal import notices
from surveys.portal.frame import Frame, frame_of_study
from surveys.portal.joining_state import State, read_state
from surveys.portal.notices import Notice
from surveys.portal.posting import takes_forms
from surveys.portal.responses import see_other
from surveys.portal.statements import Faults, faults_of, ticked_in

PANEL_ID = re.compile(r"[A-Za-z0-9_-]{1,120}", re.ASCII)
PARAMETER = re.compile(r"[A-Za-z0-9_.~-]{1,120}", re.ASCII)  # an @ would make it an address
REQUIRED = _("Please answer this question.")


@dataclass(frozen=True)
class Visit:
    """One request to join one study."""

    request: HttpRequest
    to: Invitation
    state: State
    now: datetime

    @property
    def frame(self) -> Frame:
        """The study around the page; its languages can be chosen on the first one."""
        frame = frame_of_study(self.to.protocol, self.state.language)
        return frame if self.state.at == "about" else replace(frame, languages=())

    @property
    def posted(self) -> Mapping[str, str]:
        """What was typed, one value a field."""
        return {name: str(value).strip() for name, value in self.request.POST.items()}

    def going_to(self, at: str, **changes: Any) -> Visit:
        """The same visitor on the next page."""
        return replace(self, state=replace(self.state, at=at, **changes))


@takes_forms
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Show the first page; posted, the one that was filled in leads to the next."""
    now = clock.now()
    try:
        to = joining.open_study(code, now=now)
    except NotOpen:
        return notices.show(request, Notice.NOT_JOINABLE)
    if request.method != "POST":
        return show.about(_arriving(request, to, now))
    if not ratelimit.consume(request, action="join"):
        return notices.show(
            request, Notice.TOO_OFTEN, frame_of_study(to.protocol, _spoken(request))
        )
    state = read_state(request.POST.get("state", ""))
    is_ours = state is not None and (state.study, state.version) == (code, to.version)
    if state is None or not is_ours or _holds_nul(request):
        return notices.show(request, Notice.ODD, frame_of_study(to.protocol, _spoken(request)))
    return STEPS[state.at](Visit(request, to, state, now))


@require_safe
def sent(request: HttpRequest, code: str) -> HttpResponse:
    """What comes after the last page; it says the same to everybody."""
    try:
        to = joining.open_study(code, now=clock.now())
    except NotOpen:
        return notices.show(request, Notice.NOT_JOINABLE)
    frame = frame_of_study(to.protocol, request.GET.get("language", ""), _spoken(request))
    notice = Notice.SIGNED_UP if to.joining.confirm else Notice.WELCOME
    return notices.show(request, notice, replace(frame, languages=()))


def _arriving(request: HttpRequest, to: Invitation, now: datetime) -> Visit:
    wanted = (request.GET.get("language", ""), *_accepted(request))
    frame = frame_of_study(to.protocol, *wanted)
    panel, given = to.joining.panel, {}
    if panel:
        values = {name: request.GET.get(name, "") for name in panel.also}
        given = {name: v for name, v in values.items() if PARAMETER.fullmatch(v)}
    who = request.GET.get(panel.participant, "") if panel else ""
    state = State(
        to.study.code,
        to.version,
        frame.language,
        panel_id=who if PANEL_ID.fullmatch(who) else "",
        parameters=given,
    )
    return Visit(request, to, state, now)


def _about(visit: Visit) -> HttpResponse:
    """Read the group code, count the visitor, and see whether there is any place at all."""
    if "language" in visit.posted:
        language = frame_of_study(visit.to.protocol, visit.posted["language"]).language
        return show.about(visit.going_to("about", language=language))
    typed, strata, code = visit.posted.get("group", ""), {}, ""
    if typed or show.needs_group(visit.to):
        group = visit.to.joining.group(typed)
        if group is None:
            return show.about(visit, {"group": _("This code is not known. Please check it.")})
        strata, code = dict(group.strata), group.code
    sign_up_counts.count(visit.to.study, JoiningCount.Kind.STARTED, at=visit.now)
    if joining.is_known_panel(visit.to.study, visit.state.panel_id):
        return notices.show(visit.request, Notice.PANEL_KNOWN, visit.frame)
    if not joining.has_place(visit.to.study, visit.to.joining, strata):
        return _full(visit)
    if visit.to.joining.screener:
        return show.screener(visit.going_to("screener", strata=strata, group=code))
    return show.consent(visit.going_to("consent", strata=strata, group=code))


def _screener(visit: Visit) -> HttpResponse:
    items = visit.to.joining.screener
    read = {item.code: item.read(visit.posted.get(f"{SCREENER}.{item.code}", "")) for item in items}
    if faults := {code: REQUIRED for code, answer in read.items() if answer is None}:
        return show.screener(visit, faults)
    answers: dict[str, Answer] = {code: a for code, a in read.items() if a is not None}
    if not is_eligible(visit.to.protocol.eligibility, answers):
        sign_up_counts.count(visit.to.study, JoiningCount.Kind.NOT_ELIGIBLE, at=visit.now)
        return notices.show(visit.request, Notice.NOT_ELIGIBLE, visit.frame)
    wanted = show.strata_asked(visit.to)
    strata = {code: a for code, a in answers.items() if code in wanted and isinstance(a, str)}
    strata |= visit.state.strata
    if not joining.has_place(visit.to.study, visit.to.joining, strata):
        return _full(visit)
    return show.consent(visit.going_to("consent", strata=strata))


def _consent(visit: Visit) -> HttpResponse:
    protocol, posted = visit.to.protocol, visit.posted
    ticked = ticked_in(protocol, posted)
    if faults := faults_of(protocol, visit.state.language, posted, visit.now):
        return show.consent(visit, faults, ticked)
    return show.details(
        visit.going_to("details", ticked=ticked, consented_at=visit.now.isoformat())
    )


def _details(visit: Visit) -> HttpResponse:
    application, faults = _application(visit)
    if application is None:
        return show.details(visit, faults)
    try:
        outcome = pipeline.ask_to_join(study=visit.to.study, application=application, now=visit.now)
    except NotOpen:
        return notices.show(visit.request, Notice.NOT_JOINABLE)
    if outcome is Outcome.FULL:
        return _full(visit)
    if outcome is Outcome.PANEL_KNOWN:
        return notices.show(visit.request, Notice.PANEL_KNOWN, visit.frame)
    ring(tasks.notify)  # all other outcomes look the same, since they tell who takes part
    path = reverse("portal:signed_up", args=[visit.to.study.code])
    return see_other(f"{path}?language={application.language}")


def _application(visit: Visit) -> tuple[Application | None, Faults]:
    posted = visit.posted
    faults: dict[str, Promise] = {}
    try:
        email = addresses.parse(posted.get("email", ""))
    except addresses.BadAddress:
        faults["email"] = _("Please enter an e-mail address, such as name@example.org.")
    if posted.get("language") not in visit.to.protocol.languages:
        faults["language"] = _("Please choose a language.")
    if posted.get("timezone") not in show.zones():
        faults["timezone"] = _("Please choose the time zone that you live in.")
    if faults:
        return None, faults
    state, at = visit.state, datetime.fromisoformat(visit.state.consented_at)
    application = Application(
        email,
        posted["language"],
        posted["timezone"],
        visit.to.protocol.consent.version,
        at,
        signed_text(visit.to.protocol, language=state.language, ticked=state.ticked, at=at),
        state.language,
        state.strata,
        state.group,
        state.panel_id,
        state.parameters,
    )
    return application, {}


def _full(visit: Visit) -> HttpResponse:
    sign_up_counts.count(visit.to.study, JoiningCount.Kind.FULL, at=visit.now)
    return notices.show(visit.request, Notice.FULL, visit.frame)


def _holds_nul(request: HttpRequest) -> bool:
    """No database keeps a NUL, and no browser lets one be typed."""
    return any("\0" in str(value) for value in request.POST.values())


def _spoken(request: HttpRequest) -> str:
    return next(iter(_accepted(request)), "")


def _accepted(request: HttpRequest) -> list[str]:
    """The browser's languages, best first, each with its base: de-AT is also de."""
    header = request.META.get("HTTP_ACCEPT_LANGUAGE", "")[:500]
    found = [each for each, _quality in parse_accept_lang_header(header)]
    return [each for tag in found for each in (tag, tag.split("-")[0])]


STEPS: Mapping[str, Callable[[Visit], HttpResponse]] = {
    "about": _about,
    "screener": _screener,
    "consent": _consent,
    "details": _details,
}
