"""The end of a questionnaire: it is saved, and this is when the next one comes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from surveys.lib import clock
from surveys.lib.dates import day
from surveys.portal import notices
from surveys.portal.access import Access, NoSuchLink, access_to, behind_pass
from surveys.portal.frame import frame_of
from surveys.portal.notices import Notice
from surveys.portal.passes import read_pass
from surveys.portal.responses import render, see_other
from surveys.scheduling.models import Occasion
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
        is_waiting=following is not None and following.state in WAITING,
        is_planned=following is not None,
        next_day=_day_of(following, frame.language),
    )


def _following(occasion: Occasion) -> Occasion | None:
    """What this person is asked next: what is open already, else what opens first."""
    others = Occasion.objects.filter(participant=occasion.participant_id).exclude(pk=occasion.pk)
    waiting = others.filter(state__in=WAITING).order_by("opens_at").first()
    planned = others.filter(state=OccasionState.PLANNED).select_related("participant")
    return waiting or planned.order_by("opens_at").first()  # NULL, a date not yet known, comes last


def _day_of(following: Occasion | None, language: str) -> str:
    """The day only: the hour of a random prompt must not be known beforehand."""
    if following is None or following.opens_at is None or following.state in WAITING:
        return ""
    return day(following.opens_at, following.participant.timezone, language)
