"""The end of a questionnaire: it is saved, and this is when the next one comes."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.design.joining import Completion
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.lib.dates import day, time_of_day
from surveys.portal import notices
from surveys.portal.access import Access, NoSuchLink, access_to, behind_pass
from surveys.portal.calendar_file import calendar_file
from surveys.portal.frame import frame_of
from surveys.portal.notices import Notice
from surveys.portal.passes import read_pass
from surveys.portal.responses import download, render, see_other
from surveys.scheduling.models import DOCUMENTS, Occasion
from surveys.scheduling.states import OccasionState

WAITING = (OccasionState.OPEN, OccasionState.STARTED)


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Thanks, without a word about what was answered."""
    visit = read_pass(request)
    try:
        occasion = behind_pass(visit)
    except NoSuchLink:
        return notices.show(request, Notice.NO_VISIT)
    if access_to(occasion, clock.now()) is not Access.COMPLETED:
        return see_other("portal:survey")
    frame = frame_of(occasion, visit)
    following = _following(occasion)
    return render(
        request,
        "thanks.html",
        frame,
        received=_received(occasion, frame.language),
        is_waiting=following is not None and following.state in WAITING,
        is_planned=following is not None,
        next_day=_day_of(following, frame.language),
        completion=_completion(occasion),
    )


@require_safe
def next_date(request: HttpRequest) -> HttpResponse:
    """The next date as a calendar file; it names neither the study nor what it is about."""
    visit = read_pass(request)
    try:
        occasion = behind_pass(visit)
    except NoSuchLink:
        return notices.show(request, Notice.NO_VISIT)
    following = _following(occasion)
    if following is None or following.opens_at is None or following.state in WAITING:
        return see_other("portal:thanks")
    with translation.override(frame_of(occasion, visit).spoken):
        content = calendar_file(
            uid=_uid(following),
            summary=_("Your next questionnaire"),
            begins=_begins(following, following.opens_at),
            now=clock.now(),
        )
    return download(content, kind="text/calendar; charset=utf-8", name="next.ics")


def _completion(occasion: Occasion) -> Completion | None:
    """What somebody of a panel takes back there, once this wave is done."""
    joining = protocol_of(occasion.protocol).joining
    is_of_panel = joining is not None and occasion.participant.panel_id
    return joining.completion(occasion.wave) if joining and is_of_panel else None


def _following(occasion: Occasion) -> Occasion | None:
    """What this person is asked next: what is open already, else what opens first."""
    others = Occasion.objects.filter(participant=occasion.participant_id).exclude(pk=occasion.pk)
    others = others.select_related("participant", "protocol__study").defer(*DOCUMENTS)
    waiting = others.filter(state__in=WAITING).order_by("opens_at").first()
    planned = others.filter(state=OccasionState.PLANNED)
    return waiting or planned.order_by("opens_at").first()  # NULL, a date not yet known, comes last


def _received(occasion: Occasion, language: str) -> tuple[str, str] | None:
    """The day and the time at which the last answer arrived, on the person's own clock."""
    if occasion.ended_at is None:
        return None
    zone = occasion.participant.timezone
    return day(occasion.ended_at, zone, language), time_of_day(occasion.ended_at, zone, language)


def _day_of(following: Occasion | None, language: str) -> str:
    """The day only: the hour of a random prompt must not be known beforehand."""
    if following is None or following.opens_at is None or following.state in WAITING:
        return ""
    return day(following.opens_at, following.participant.timezone, language)


def _begins(following: Occasion, opens_at: datetime) -> datetime | date:
    """The moment; of a random prompt the day alone."""
    wave = protocol_of(following.protocol).by_code[following.wave]
    if wave.schedule.random_between is None:
        return opens_at
    return opens_at.astimezone(ZoneInfo(following.participant.timezone)).date()


def _uid(following: Occasion) -> str:
    """The same for the same occasion, so that a calendar moves the entry; says nothing of it."""
    digest = hashlib.sha256(f"calendar {following.pk}".encode()).hexdigest()[:32]
    return f"{digest}@{urlsplit(settings.PUBLIC_ORIGIN).hostname}"
