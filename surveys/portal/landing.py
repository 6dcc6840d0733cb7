"""The page behind a personal link. Looking changes nothing; only Start does."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from surveys import pipeline
from surveys.lib import clock, dates
from surveys.portal import consenting, notices
from surveys.portal.access import FROM_OWN_PAGE, Access, NoSuchLink, access_to, behind_link
from surveys.portal.frame import Frame, frame_of
from surveys.portal.notices import Notice
from surveys.portal.passes import Pass, read_pass
from surveys.portal.posting import takes_forms, unpressed
from surveys.portal.responses import render, see_other
from surveys.responding.pace import minutes_left
from surveys.responding.standing import standing
from surveys.scheduling.actions import ConsentPending, OccasionClosed, OccasionNotOpen
from surveys.scheduling.models import Occasion


@takes_forms
def landing(request: HttpRequest, token: str) -> HttpResponse:
    """Say what this is, and wait for Start: mail programs fetch links that nobody has pressed."""
    try:
        occasion = behind_link(token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    frame = frame_of(occasion, read_pass(request))
    access = access_to(occasion, clock.now())
    if access is Access.CONSENT:
        return see_other(consenting.path(occasion, frame, is_mailed=_is_mailed(request)))
    if access is not Access.OPEN:
        return notices.show(request, notices.OF_ACCESS[access], frame)
    if "language" in request.POST:  # the pass that carries it opens no question before Start
        return see_other(request.get_full_path(), _pass(occasion, request.POST["language"]))
    if "start" in request.POST:
        return _start(request, occasion, frame)
    return _welcome(request, occasion, frame)


def _welcome(request: HttpRequest, occasion: Occasion, frame: Frame) -> HttpResponse:
    stands = standing(occasion)
    return render(
        request,
        "landing.html",
        frame,
        status=unpressed(request),
        minutes=minutes_left(stands.instruments, stands.place),
        closes=_when(occasion, frame.language),
        is_back=occasion.started_at is not None,
    )


def _start(request: HttpRequest, occasion: Occasion, frame: Frame) -> HttpResponse:
    try:
        pipeline.open_link(occasion=occasion.id, now=clock.now(), is_mailed=_is_mailed(request))
    except (OccasionClosed, OccasionNotOpen):
        return notices.show(request, Notice.CLOSED, frame)
    except ConsentPending:
        return see_other(consenting.path(occasion, frame, is_mailed=_is_mailed(request)))
    return see_other("portal:survey", _pass(occasion, frame.language))


def _is_mailed(request: HttpRequest) -> bool:
    return FROM_OWN_PAGE not in request.GET


def _pass(occasion: Occasion, language: str) -> Pass:
    return Pass(occasion.id, occasion.link_generation, language)


def _when(occasion: Occasion, language: str) -> str:
    """The day and the time until which it is open, on the participant's own clock."""
    if occasion.closes_at is None:
        return ""
    last = dates.closing(occasion.closes_at, occasion.participant.timezone, language)
    return dates.joined(*last, language)
