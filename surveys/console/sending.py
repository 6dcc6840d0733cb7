"""Whether this platform sends mail at all: for its administrators, not for one study."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access import policy
from surveys.access.actors import actor_of
from surveys.console.chrome import show
from surveys.lib import clock
from surveys.messaging import breaker, holding

SECOND = timedelta(seconds=1)
MOMENT = "%Y-%m-%dT%H:%M:%S"  # as the browser's field for a date and time has it


class NotConfirmed(ValueError):
    """The form does not say what shall happen."""


@login_required
def sending(request: HttpRequest) -> HttpResponse:
    """Whether mail is held, why, and what a release would send."""
    policy.require_administrator(request.user)
    return _page(request)


@require_POST
@login_required
def hold(request: HttpRequest) -> HttpResponseBase:
    """Send nothing from now on."""
    policy.require_administrator(request.user)
    reason = request.POST.get("reason", "").replace("\0", "").strip()
    if not reason:
        return _page(request, "Say why, so that others know.")
    pipeline.hold(reason=reason, by=actor_of(request.user), now=clock.now())
    messages.success(request, "No mail is sent from now on.")
    return redirect("console:sending")


@require_POST
@login_required
def release(request: HttpRequest) -> HttpResponseBase:
    """Send again, after a person said what of the past may have been sent already."""
    policy.require_administrator(request.user)
    try:
        doubt_until = _doubt_until(request)
        n_doubtful = pipeline.release(
            doubt_until=doubt_until, by=actor_of(request.user), now=clock.now()
        )
    except (NotConfirmed, holding.NotHeld) as error:
        return _page(request, f"{error}.")
    messages.success(request, f"Mail is sent again. {n_doubtful} messages are left in doubt.")
    return redirect("console:sending")


def _page(request: HttpRequest, problem: str = "") -> HttpResponse:
    found, now = holding.current(), clock.now()
    until = (found.sent_until if found else None) or now
    rows = holding.waiting(now=now, doubt_until=found.sent_until if found else None)
    return show(
        request,
        "console/sending.html",
        status=422 if problem else 200,
        problem=problem,
        hold=found,
        rows=rows,
        n_due=sum(row.n_due for row in rows),
        until=(until + SECOND).astimezone(UTC).strftime(MOMENT),  # the field has whole seconds
        newest_attempt=holding.newest_attempt(),
        silent_servers=breaker.silent_servers(),
    )


def _doubt_until(request: HttpRequest) -> datetime | None:
    if "confirmed" not in request.POST:
        raise NotConfirmed("Confirm that you looked at what will be sent")
    match request.POST.get("past"):
        case "send":
            return None
        case "doubt":
            return _moment(request.POST.get("until", ""))
    raise NotConfirmed("Choose what happens to mails that may have been sent already")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
    except ValueError as error:
        raise NotConfirmed(
            "The moment must be a date and a time such as 2027-01-31T09:00"
        ) from error
