"""The participant's own page: what is open and what comes, pauses, times and mails.

Its link is in the foot of every mail. It shows no answers, and looking changes nothing; each form
carries the token in its address, so nobody has to log in or to keep a cookie but that of the form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.participants.actions import (
    HasWithdrawn,
    NoPause,
    UnknownLanguage,
    UnknownReminders,
    UnknownZone,
)
from surveys.participants.addresses import BadAddress
from surveys.participants.copies import TooManyCopies
from surveys.participants.mailing import NoAddress
from surveys.participants.models import Participant
from surveys.participants.readdressing import TooManyWishes
from surveys.portal import copying, notices, readdressing
from surveys.portal.access import NoSuchLink, behind_own_link, path_from_own_page
from surveys.portal.frame import frame_of_person
from surveys.portal.notices import Notice
from surveys.portal.own_standing import own_standing
from surveys.portal.posting import takes_forms
from surveys.portal.responses import render, see_other
from surveys.scheduling.actions import CannotSnooze, CannotStart, NotAnswerable

NOTED = "noted"  # a cookie with a key of DONE, and nothing else

DONE: Mapping[str, Promise] = {
    "pause": _("Your pause is noted."),
    "resume": _("Your pause is over."),
    "snooze": _("We will remind you then."),
    "time": _("Your time of day is noted."),
    "language": _("Your language is noted."),
    "zone": _("Your time zone is noted. What is still ahead moves along."),
    "address": _(
        "We have sent an e-mail to the new address. Please open it within three days and confirm"
        " it there. Until then nothing changes."
    ),
    "copy": _("We have sent you an e-mail. Its link is good for one day."),
    "reminders": _("Your choice is noted. You can change it here at any time."),
    "stop": _("You get no more e-mails."),
    "again": _("You get e-mails again."),
}


PAUSE_PROBLEM = _(
    "Please choose a day after today and within the next ten years, as your first day back."
)


class CannotDo(ValueError):
    """What was posted makes no sense now; `problem` says so to the participant."""

    def __init__(self, problem: Promise) -> None:
        super().__init__()
        self.problem = problem


@dataclass(frozen=True)
class Asked:
    """One posted wish."""

    participant: Participant
    fields: Mapping[str, str]
    now: datetime

    @property
    def by(self) -> Actor:
        """The participant themselves."""
        return Actor.participant(self.participant.code)


@takes_forms
def own(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page; posted, do one thing and show it again."""
    try:
        participant = behind_own_link("me", token)
    except NoSuchLink:
        return notices.show(request, Notice.NO_SUCH_LINK)
    if participant.status == Participant.Status.WITHDRAWN:
        return notices.show(request, Notice.LEFT, frame_of_person(participant))
    return _do(request, participant) if request.method == "POST" else _page(request, participant)


def _do(request: HttpRequest, participant: Participant) -> HttpResponse:
    asked = Asked(participant, request.POST.dict(), clock.now())
    action = asked.fields.get("action", "")
    try:
        elsewhere = ACTIONS[action](asked)
    except KeyError:
        return notices.show(request, Notice.ODD, frame_of_person(participant))
    except CannotDo as error:
        return _page(request, participant, problem=error.problem)
    except HasWithdrawn:
        return notices.show(request, Notice.LEFT, frame_of_person(participant))
    return see_other(elsewhere) if elsewhere else _noted(request, action)


def _noted(request: HttpRequest, action: str) -> HttpResponse:
    """Show the page again, which says once what was done; the address stays as it was."""
    response = see_other(request.path)
    response.set_cookie(
        NOTED,
        action,
        max_age=60,
        path=request.path,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def _page(
    request: HttpRequest, participant: Participant, *, problem: Promise | None = None
) -> HttpResponse:
    frame, noted = frame_of_person(participant), request.COOKIES.get(NOTED, "")
    response = render(
        request,
        "own.html",
        frame,
        status=422 if problem else 200,
        participant=participant,
        leave=f"{request.path}leave/",
        stands=own_standing(participant, frame.language, clock.now()),
        problem=problem,
        done=None if problem else DONE.get(noted),
        typed=request.POST,
    )
    if noted:
        response.delete_cookie(NOTED, path=request.path)
    return response


def _pause(asked: Asked) -> None:
    try:
        until = date.fromisoformat(asked.fields.get("until", "").strip())
        pipeline.pause(participant=asked.participant, until=until, by=asked.by, now=asked.now)
    except HasWithdrawn:
        raise
    except (NoPause, ValueError) as error:
        raise CannotDo(PAUSE_PROBLEM) from error


def _resume(asked: Asked) -> None:
    pipeline.resume(participant=asked.participant, by=asked.by, now=asked.now)


def _set_time(asked: Asked) -> None:
    typed = asked.fields.get("at", "").strip()
    try:
        at = time.fromisoformat(typed).replace(tzinfo=None) if typed else None
    except ValueError as error:
        raise CannotDo(_("Please enter a time of day, such as 18:30.")) from error
    pipeline.set_time_of_day(participant=asked.participant, at=at, by=asked.by, now=asked.now)


def _set_language(asked: Asked) -> None:
    wanted = asked.fields.get("language", "")
    try:
        pipeline.set_language(
            participant=asked.participant, language=wanted, by=asked.by, now=asked.now
        )
    except UnknownLanguage as error:
        raise CannotDo(_("Please choose one of the languages.")) from error


def _move(asked: Asked) -> None:
    zone = asked.fields.get("zone", "").strip()
    try:
        pipeline.move(participant=asked.participant, timezone=zone, by=asked.by, now=asked.now)
    except UnknownZone as error:
        raise CannotDo(_("Please choose a time zone from the list.")) from error


def _ask_address(asked: Asked) -> None:
    frame = frame_of_person(asked.participant)
    try:
        pipeline.ask_address(
            participant=asked.participant,
            email=asked.fields.get("email", ""),
            words=lambda change: readdressing.asking(frame, change),
            by=asked.by,
            now=asked.now,
        )
    except BadAddress as error:
        raise CannotDo(_("Please enter one e-mail address, such as name@example.org.")) from error
    except NoAddress as error:
        raise CannotDo(_("Your address cannot be changed here. Please write to us.")) from error
    except TooManyWishes as error:
        raise CannotDo(_("You asked for this often today. Please try again tomorrow.")) from error


def _send_copy(asked: Asked) -> None:
    words = copying.offering(frame_of_person(asked.participant), asked.participant)
    try:
        is_sent = pipeline.ask_copy(
            participant=asked.participant, words=words, by=asked.by, now=asked.now
        )
    except TooManyCopies as error:
        raise CannotDo(_("You asked for this often today. Please try again tomorrow.")) from error
    if not is_sent:
        raise CannotDo(_("We cannot send you an e-mail. Please write to us."))


def _snooze(asked: Asked) -> None:
    """By one of the offers of the page, since what was offered may have passed."""
    language = frame_of_person(asked.participant).language
    offers = {
        (str(one.id), name): moment
        for one in own_standing(asked.participant, language, asked.now).open
        for name, moment in (("soon", one.soon), ("tomorrow", one.tomorrow))
    }
    occasion, when = asked.fields.get("occasion", ""), asked.fields.get("when", "")
    until = offers.get((occasion, when))
    try:
        if until is None:
            raise CannotSnooze("not an offer")
        pipeline.snooze(occasion=UUID(occasion), until=until, by=asked.by, now=asked.now)
    except (CannotSnooze, NotAnswerable) as error:
        raise CannotDo(_("We cannot remind you then: it is closed before that.")) from error


def _start(asked: Asked) -> str:
    try:
        occasion = pipeline.start_wave(
            participant=asked.participant,
            wave=asked.fields.get("wave", ""),
            by=asked.by,
            now=asked.now,
        )
    except CannotStart as error:
        raise CannotDo(_("This questionnaire cannot be started now.")) from error
    return path_from_own_page(occasion)


def _set_reminders(asked: Asked) -> None:
    wanted = asked.fields.get("reminders", "")
    try:
        pipeline.set_reminders(
            participant=asked.participant, wanted=wanted, by=asked.by, now=asked.now
        )
    except UnknownReminders as error:
        raise CannotDo(_("Please choose one of the answers.")) from error


def _stop(asked: Asked) -> None:
    pipeline.unsubscribe(participant=asked.participant, by=asked.by, now=asked.now)


def _again(asked: Asked) -> None:
    pipeline.resubscribe(participant=asked.participant, by=asked.by, now=asked.now)


ACTIONS: Mapping[str, Callable[[Asked], str | None]] = {
    "pause": _pause,
    "resume": _resume,
    "time": _set_time,
    "reminders": _set_reminders,
    "language": _set_language,
    "zone": _move,
    "address": _ask_address,
    "copy": _send_copy,
    "snooze": _snooze,
    "start": _start,
    "stop": _stop,
    "again": _again,
}
