"""The questionnaire: one page is shown, one page is saved, and then comes the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.http import HttpRequest, HttpResponse
from django.views.csrf import csrf_failure as django_csrf_failure

from surveys import pipeline, tasks
from surveys.lib import clock
from surveys.lib.crashpoints import Point, reached
from surveys.lib.doorbell import ring
from surveys.portal import consenting, notices
from surveys.portal.access import Access, NoSuchLink, access_to, behind_pass
from surveys.portal.frame import frame_of
from surveys.portal.notices import Notice
from surveys.portal.passes import PageSeal, Pass, give_pass, read_pass, read_seal
from surveys.portal.posting import repeats_itself, takes_forms
from surveys.portal.responses import noted, see_other
from surveys.portal.showing import current, show_page
from surveys.responding.actions import AlreadyFinal, LinkRenewed, PageSaved
from surveys.responding.places import Place
from surveys.responding.standing import NoSuchPage, standing
from surveys.scheduling.actions import NotAnswerable
from surveys.scheduling.models import Occasion

PARTICIPANTS = ("/s/", "/survey/", "/me/")  # the paths of this face
JOINING = ("/join/", "/j/")  # of people who do not take part yet


@takes_forms
def survey(request: HttpRequest) -> HttpResponse:
    """The page this browser is on; posted, the page it was on."""
    return _save(request) if request.method == "POST" else _show(request)


@dataclass(frozen=True)
class Posted:
    """One posted page."""

    fields: Mapping[str, str]
    seal: PageSeal

    @property
    def language(self) -> str | None:
        """The language to go on in, when its button was pressed."""
        return self.fields.get("language")

    @property
    def goes_forward(self) -> bool:
        """Continue, and also Enter in a field; Back and the languages insist on nothing."""
        return self.fields.get("action") not in {"back", "autosave"} and self.language is None

    @property
    def saves_itself(self) -> bool:
        """Whether the script of the page sent it, because something was answered."""
        return self.fields.get("action") == "autosave"

    @property
    def place(self) -> Place:
        """Which page was filled in; page 0, which does not exist, when the number is none."""
        page = self.fields.get("page", "")
        is_number = page.isascii() and page.isdigit() and len(page) <= 4
        return Place(self.fields.get("instrument", ""), int(page) if is_number else 0)

    @property
    def owner(self) -> Pass:
        """The pass for the occasion that this page was shown for."""
        return Pass(self.seal.occasion, self.seal.generation, language="")

    def belongs_to(self, visit: Pass) -> bool:
        """Whether the browser's pass is for the occasion that this page was shown for."""
        mine = (self.seal.occasion, self.seal.generation)
        return (visit.occasion, visit.generation) == mine


def _show(request: HttpRequest) -> HttpResponse:
    visit, now = read_pass(request), clock.now()
    try:
        occasion = behind_pass(visit)
    except NoSuchLink:
        return notices.show(request, Notice.NO_VISIT)
    access = access_to(occasion, now)
    if access is Access.COMPLETED:
        return see_other("portal:thanks")
    frame = frame_of(occasion, visit)
    if access is Access.CONSENT:
        return see_other(consenting.path(occasion, frame))
    if access is not Access.OPEN:
        return notices.show(request, notices.OF_ACCESS[access], frame)
    stands = standing(occasion)
    place = current(stands, visit.place if visit else None)
    if place is None:
        return notices.show(request, Notice.COMPLETED, frame)
    response = show_page(request, frame, stands, place, now=now)
    if visit is not None and visit.place != place:  # answers that save themselves lead nobody on
        give_pass(response, replace(visit, place=place))
    return response


def _save(request: HttpRequest) -> HttpResponse:
    posted = _posted(request)
    if posted is None:
        return notices.show(request, Notice.ODD)
    visit = read_pass(request)
    if visit is None or not posted.belongs_to(visit):
        try:
            occasion = behind_pass(posted.owner)
        except NoSuchLink:
            return notices.show(request, Notice.NO_VISIT)
        if "reopen" not in posted.fields:
            return notices.hold(request, frame_of(occasion), posted.fields)
        visit = replace(posted.owner, language=occasion.participant.language)
    return _save_for(request, posted, visit)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django calls when a form comes without its cookie; here nothing that was typed is lost.

    A page with our seal was shown to this person, so it may be sent again with a fresh cookie.
    """
    if request.path.startswith(JOINING) or repeats_itself(request):
        return notices.show(request, Notice.ODD)
    if not request.path.startswith(PARTICIPANTS):
        return django_csrf_failure(request, reason)
    posted = _posted(request)
    try:
        occasion = behind_pass(posted.owner if posted else None)
    except NoSuchLink:
        return notices.show(request, Notice.NO_VISIT)
    return notices.hold(request, frame_of(occasion), posted.fields if posted else {})


def _posted(request: HttpRequest) -> Posted | None:
    """The posted page, or None when it does not bear our seal."""
    fields = request.POST.dict()
    seal = read_seal(fields.get("occasion", ""))
    return Posted(fields, seal) if seal else None


def _save_for(request: HttpRequest, posted: Posted, visit: Pass) -> HttpResponse:
    known = {
        "generation": str(visit.generation),
        "shown": posted.seal.shown_at.isoformat(),
        "language": visit.language,
    }
    try:
        saved = pipeline.save_page(
            occasion=visit.occasion,
            instrument=posted.place.instrument,
            page=posted.place.page,
            posted={**posted.fields, **known},
            forward=posted.goes_forward,
            now=clock.now(),
            by_itself=posted.saves_itself,
        )
    except (Occasion.DoesNotExist, LinkRenewed):
        return notices.show(request, Notice.NO_VISIT)
    except NotAnswerable:
        return _turned_away(request, posted, visit)
    except AlreadyFinal:
        return _turned_away(request, posted, visit, Notice.HANDED_IN)
    except NoSuchPage:
        return see_other("portal:survey", replace(visit, place=None))
    reached(Point.AFTER_SAVE)
    if saved.raised:
        ring(tasks.notify)
    if posted.saves_itself:
        return noted(saved.problems)
    return _after(request, posted, visit, saved)


def _turned_away(
    request: HttpRequest, posted: Posted, visit: Pass, notice: Notice | None = None
) -> HttpResponse:
    """Why the page could not be saved; without a notice, by how the occasion stands now."""
    try:
        occasion = behind_pass(visit)
    except NoSuchLink:
        return notices.show(request, Notice.NO_VISIT)
    frame, access = frame_of(occasion, visit), access_to(occasion, clock.now())
    if notice is None and access is Access.CONSENT:
        return consenting.hold(request, occasion, frame, posted.fields)
    return notices.show(request, notice or notices.OF_ACCESS.get(access, Notice.CLOSED), frame)


def _after(request: HttpRequest, posted: Posted, visit: Pass, saved: PageSaved) -> HttpResponse:
    """On to the next page, or the same one again with what was typed."""
    place = saved.place
    if posted.language is not None:
        visit, place = replace(visit, language=posted.language), posted.place
    if saved.problems and place == posted.place:
        frame = frame_of(saved.occasion, visit)
        return show_page(
            request,
            frame,
            standing(saved.occasion),
            posted.place,
            now=clock.now(),
            posted=posted.fields,
            problems=saved.problems,
        )
    if place is None:
        return see_other("portal:thanks", replace(visit, place=None))
    return see_other("portal:survey", replace(visit, place=place))
