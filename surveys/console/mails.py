"""The outbox: every message, why it stands where it stands, and the mail as it was rendered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from csp.decorators import csp_replace
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.clickjacking import xframe_options_sameorigin

from surveys.access.roles import Permission
from surveys.console.chrome import show, study_page
from surveys.console.occasions import title_of
from surveys.console.resending import FILTERS
from surveys.console.studies import current_or_none
from surveys.design.models import Study
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.messaging import breaker, explaining, holding
from surveys.messaging import outbox as messaging
from surveys.messaging.rendering import CannotRender
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind, MessageState

PAGE = 100
WHENS = {"so-far": "so far", "to-come": "to come"}


@study_page(Permission.MESSAGE_VIEW)
def outbox(request: HttpRequest, study: Study) -> HttpResponse:
    """The messages of the study, filtered."""
    counts, now = messaging.counts(study), clock.now()
    names = ("state", "kind", "wave", "participant")
    chosen = {name: request.GET.get(name, "").strip() for name in names}
    version = current_or_none(study)
    waves = [wave.code for wave in protocol_of(version).waves] if version else []
    kept = {name: value for name, value in chosen.items() if value}
    when = request.GET.get("when", "" if kept else "so-far")
    kept |= {"when": when} if when in WHENS else {}
    found = messaging.messages(study, **chosen)
    found = found.select_related("occasion__protocol", "occasion__participant__study")
    shown = _in_time(found, when, now)
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    told = explaining.of_messages(page, now=now)
    return show(
        request,
        "console/outbox.html",
        study,
        hold=holding.current(),
        silent_servers=breaker.silent_servers(),
        counts=counts,
        is_empty=not any(counts.values()),
        page=page,
        rows=[(row, title_of(row.occasion), told[row.pk].answer) for row in page],
        n_unknown=found.count() if chosen["state"] == MessageState.UNKNOWN else 0,
        resendable={name: chosen[name] for name in FILTERS},
        has_rule=version is not None and messaging.resends_by_itself(protocol_of(version)),
        filters=[
            ("when", "When", when, WHENS),
            ("state", "State", chosen["state"], _same(MessageState)),
            ("kind", "Kind", chosen["kind"], _same(MessageKind)),
            ("wave", "Wave", chosen["wave"], _same(waves)),
        ],
        participant=chosen["participant"],
        query=urlencode({"when": "", **kept}) + "&",
    )


def _in_time(found: QuerySet[Message], when: str, now: datetime) -> QuerySet[Message]:
    """What was due so far, the latest first; what is to come, the next first; or all."""
    if when == "to-come":
        return found.filter(due_at__gt=now).order_by("due_at", "id")
    return found.filter(due_at__lte=now) if when == "so-far" else found


def _same(values: Iterable[str]) -> dict[str, str]:
    return {value: value for value in values}


@csp_replace({"frame-src": ["'self'"]})
@study_page(Permission.MESSAGE_VIEW)
def message(request: HttpRequest, study: Study, message: UUID) -> HttpResponse:
    """One message: its reasons, its guards, its attempts, its words."""
    row = _get(study, message)
    (explained,) = explaining.of_occasions([row.occasion], now=clock.now())
    try:
        mail, cannot_render = messaging.preview(row), ""
    except CannotRender as error:
        mail, cannot_render = None, f"This mail cannot be rendered: {error}"
    return show(
        request,
        "console/message.html",
        study,
        message=row,
        title=title_of(row.occasion),
        told=explained.told.messages[explained.messages.index(row)],
        moment=explained.told.moment,
        mail=mail,
        cannot_render=cannot_render,
    )


@xframe_options_sameorigin
@csp_replace(
    {"style-src": ["'unsafe-inline'"], "script-src": ["'none'"], "frame-ancestors": ["'self'"]}
)
@study_page(Permission.MESSAGE_VIEW)
def mail(request: HttpRequest, study: Study, message: UUID) -> HttpResponse:
    """The HTML part alone, for the frame on the message's page; mails carry their styles inline."""
    try:
        return HttpResponse(messaging.preview(_get(study, message)).html)
    except CannotRender as error:
        raise Http404(str(error)) from error


def _get(study: Study, pk: UUID) -> Message:
    found = Message.objects.select_related(
        "occasion__participant__study", "occasion__protocol__study"
    )
    return get_object_or_404(found, pk=pk, occasion__participant__study=study)
