"""What staff change for one participant: an end, a move, a date, a pause, a time of day."""

from __future__ import annotations

from datetime import date, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.console.chrome import study_page
from surveys.console.person import find, person_page
from surveys.design.models import Study
from surveys.lib import clock
from surveys.participants.actions import (
    HasWithdrawn,
    NoPause,
    Scope,
    UnknownAnchor,
    UnknownZone,
)

FIRST_YEAR, LAST_YEAR = 2000, 2100  # a date outside is a slip of the keyboard


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def withdraw(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """End somebody's participation on their behalf."""
    person, reason = find(study, participant), request.POST.get("reason", "").strip()
    scope = request.POST.get("scope", "")
    if not reason or scope not in set(Scope):
        problem = "Choose what is kept, and say why."
        return person_page(request, study, person, problem=problem, change="withdraw")
    pipeline.withdraw(
        participant=person, scope=scope, reason=reason, by=actor_of(request.user), now=clock.now()
    )
    messages.success(request, f"{person.code} is withdrawn. Nothing further is asked or sent.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def move(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Note that somebody lives in another zone now."""
    person = find(study, participant)
    try:
        pipeline.move(
            participant=person,
            timezone=request.POST.get("timezone", "").strip(),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (UnknownZone, HasWithdrawn) as error:
        return person_page(request, study, person, problem=str(error), change="move")
    messages.success(request, "The zone is noted. What is not yet due moved along.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def set_anchor(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Set one person's own date."""
    person = find(study, participant)
    try:
        pipeline.set_anchor(
            participant=person,
            name=request.POST.get("name", ""),
            on=_day(request.POST.get("on", "")),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (NoDay, UnknownAnchor, HasWithdrawn) as error:
        return person_page(request, study, person, problem=str(error), change="anchor")
    messages.success(request, "The date is set, and the waves that hang on it are planned.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def pause(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Send somebody nothing before a day, or correct that day."""
    person = find(study, participant)
    try:
        pipeline.pause(
            participant=person,
            until=_day(request.POST.get("until", "")),
            by=actor_of(request.user),
            now=clock.now(),
        )
    except (NoDay, NoPause, HasWithdrawn) as error:
        return person_page(request, study, person, problem=str(error), change="pause")
    messages.success(request, f"{person.code} pauses. Mails come again from {person.paused_until}.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def resume(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """End somebody's pause before its day."""
    person = find(study, participant)
    try:
        pipeline.resume(participant=person, by=actor_of(request.user), now=clock.now())
    except HasWithdrawn as error:
        return person_page(request, study, person, problem=str(error))
    messages.success(request, "There is no pause any more. What is still ahead came back.")
    return redirect("console:participant", study.code, person.code)


@require_POST
@study_page(Permission.PARTICIPANT_MANAGE)
def set_time_of_day(request: HttpRequest, study: Study, participant: str) -> HttpResponseBase:
    """Note when somebody likes to be asked; nothing typed means the study's own times."""
    person, typed = find(study, participant), request.POST.get("at")
    try:
        pipeline.set_time_of_day(
            participant=person, at=_clock(typed), by=actor_of(request.user), now=clock.now()
        )
    except (NoTime, HasWithdrawn) as error:
        return person_page(request, study, person, problem=str(error), change="time")
    messages.success(request, "The time of day is noted. What is not yet due moved there.")
    return redirect("console:participant", study.code, person.code)


class NoTime(ValueError):
    """Not a time of day."""


def _clock(text: str | None) -> time | None:
    if text == "":
        return None
    try:
        return time.fromisoformat(text or "no time").replace(tzinfo=None)
    except ValueError as error:
        raise NoTime(f"'{(text or '')[:20]}' is no time of day such as 18:30") from error


class NoDay(ValueError):
    """Not a date, or one that cannot be meant."""


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise NoDay(f"'{text[:20]}' is no date such as 2027-01-31") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise NoDay(f"{day} is not between {FIRST_YEAR} and {LAST_YEAR}")
    return day
