"""Sending again what may not have arrived: one message, or all that fit the outbox's filters."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from surveys import pipeline
from surveys.access.actors import actor_of
from surveys.access.roles import Permission
from surveys.console.chrome import show, study_page
from surveys.design.models import Study
from surveys.lib import clock
from surveys.messaging import outbox
from surveys.messaging.resending import CannotResend
from surveys.scheduling.states import MessageState

LIMIT = 1000  # mails at one press; a longer list is pressed for again
FILTERS = ("kind", "wave", "participant")


@require_POST
@study_page(Permission.MESSAGE_RESEND)
def resend(request: HttpRequest, study: Study, message: UUID) -> HttpResponseBase:
    """Send one unknown message again."""
    if not outbox.messages(study).filter(pk=message).exists():
        raise Http404
    try:
        pipeline.resend(message=message, by=actor_of(request.user), now=clock.now())
        notes.success(request, "The mail is sent again, with the same link.")
    except CannotResend as error:
        notes.error(request, f"{error}.")
    return redirect("console:message", study.code, message)


@require_POST
@study_page(Permission.MESSAGE_RESEND)
def resend_all(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Send all unknown messages that fit the filters again, after a look at what that is."""
    chosen = {name: request.POST.get(name, "").strip() for name in FILTERS}
    found = outbox.messages(study, state=MessageState.UNKNOWN, **chosen)
    if "confirmed" not in request.POST:
        n_found = found.count()
        return show(
            request,
            "console/resend.html",
            study,
            status=422,
            chosen=chosen,
            n_found=n_found,
            n_at_once=min(n_found, LIMIT),
        )
    ids = list(found.order_by("due_at", "pk").values_list("pk", flat=True)[:LIMIT])
    done = pipeline.resend_all(messages=ids, by=actor_of(request.user), now=clock.now())
    words = f"{done.n_resent} mails are sent again."
    if done.n_left:
        words += f" {done.n_left} stay as they are: their time is over or nobody wants them."
    notes.success(request, words)
    kept = {"state": MessageState.UNKNOWN, **{k: v for k, v in chosen.items() if v}}
    return redirect(f"{reverse('console:outbox', args=[study.code])}?{urlencode(kept)}")
