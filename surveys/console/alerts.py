"""The safety alerts of a study: the list, one alert's page, working on it, and drills.

What was answered is shown on the alert's own page only, after a POST that is kept in the audit
trail; who the participant is, on the participant's page as ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys import pipeline, tasks
from surveys.access.actors import actor_of
from surveys.access.models import User
from surveys.access.roles import Permission
from surveys.console.chrome import LANGUAGE, show, study_page
from surveys.console.studies import current_or_none
from surveys.console.words import period, wave_title
from surveys.design.models import Study
from surveys.design.queries import NotPublished
from surveys.design.registry import protocol_of
from surveys.design.safety import SafetyRule
from surveys.instruments import registry
from surveys.instruments.piping import plain
from surveys.lib import clock
from surveys.lib.doorbell import ring
from surveys.lib.languages import pick
from surveys.lib.states import IllegalMove
from surveys.safety import queries
from surveys.safety.alerts import rule_of
from surveys.safety.cases import NoteMissing
from surveys.safety.models import Alert
from surveys.safety.states import UNDONE, WAITING, AlertState

PAGE = 50
SHOW = {"undone": "not closed", "closed": "closed", "all": "all"}


@dataclass(frozen=True)
class Row:
    """One alert of the list."""

    alert: Alert
    is_overdue: bool
    wave: str


@study_page(Permission.ALERT_HANDLE)
def alerts(request: HttpRequest, study: Study) -> HttpResponse:
    """Every alert, those that wait first; drills are marked and never counted with the rest."""
    return _list(request, study)


@study_page(Permission.ALERT_HANDLE)
def alert(request: HttpRequest, study: Study, alert: str) -> HttpResponse:
    """One alert: how it stands, what happened, its mails."""
    return _page(request, study, _find(study, alert))


@require_POST
@study_page(Permission.ALERT_HANDLE)
def look(request: HttpRequest, study: Study, alert: str) -> HttpResponse:
    """The same page with the answers behind it; that they were looked at is kept."""
    found = _find(study, alert)
    pipeline.look_at_alert(alert=found, by=actor_of(request.user), now=clock.now())
    return _page(request, study, found, with_answers=True)


@require_POST
@study_page(Permission.ALERT_HANDLE)
def acknowledge(request: HttpRequest, study: Study, alert: str) -> HttpResponseBase:
    """Take an alert: nobody else is called."""
    found = _find(study, alert)
    try:
        pipeline.acknowledge(alert=found, by=actor_of(request.user), now=clock.now())
    except IllegalMove:
        messages.info(request, "Somebody has acknowledged it already.")
    return redirect("console:alert", study.code, found.code)


@require_POST
@study_page(Permission.ALERT_HANDLE)
def note(request: HttpRequest, study: Study, alert: str) -> HttpResponseBase:
    """Keep a note; with the button Close also end the alert."""
    found, words = _find(study, alert), request.POST.get("note", "")
    by, now = actor_of(request.user), clock.now()
    try:
        if "close" in request.POST:
            pipeline.close_alert(alert=found, words=words, by=by, now=now)
        else:
            pipeline.note_on_alert(alert=found, words=words, by=by, now=now)
    except NoteMissing as error:
        return _page(request, study, found, problem=str(error))
    except IllegalMove:
        problem = "Acknowledge it before you close it. An alert is closed once."
        return _page(request, study, _find(study, alert), problem=problem)
    return redirect("console:alert", study.code, found.code)


@require_POST
@study_page(Permission.ALERT_HANDLE)
def drill(request: HttpRequest, study: Study) -> HttpResponseBase:
    """Raise an alert about nobody."""
    rule = request.POST.get("rule", "")
    try:
        made = pipeline.drill(study=study, rule=rule, by=actor_of(request.user), now=clock.now())
    except (NotPublished, LookupError):
        return _list(request, study, problem="Choose one of the study's safety rules.")
    ring(tasks.notify)
    messages.success(request, "The drill has begun. The mails are on their way.")
    return redirect("console:alert", study.code, made.code)


def _list(request: HttpRequest, study: Study, *, problem: str = "") -> HttpResponse:
    now = clock.now()
    chosen = request.GET.get("show", "undone")
    found = Alert.objects.filter(study=study).select_related("occasion", "protocol")
    if chosen in {"undone", "closed"}:
        states = UNDONE if chosen == "undone" else (AlertState.CLOSED,)
        found = found.filter(state__in=states)
    page = Paginator(
        found.order_by(F("closed_at").desc(nulls_first=True), "-raised_at"), PAGE
    ).get_page(request.GET.get("page"))
    version = current_or_none(study)
    return show(
        request,
        "console/alerts.html",
        study,
        status=422 if problem else 200,
        problem=problem,
        page=page,
        rows=[Row(each, queries.is_overdue(each, now), _wave(each)) for each in page],
        counts=queries.counts(study, now=now),
        choices=SHOW.items(),
        chosen=chosen,
        query=f"show={chosen}&" if chosen in SHOW else "",
        rules=[_in_words(rule) for rule in protocol_of(version).safety] if version else [],
        n_stuck=queries.stuck(study).count(),
        unmanned=queries.unmanned(study),
    )


def _page(
    request: HttpRequest,
    study: Study,
    alert: Alert,
    *,
    problem: str = "",
    with_answers: bool = False,
) -> HttpResponse:
    now = clock.now()
    mails, steps = list(queries.mails_of(alert)), list(alert.steps.all())
    names = _names({mail.recipient for mail in mails} | {step.by for step in steps})
    return show(
        request,
        "console/alert.html",
        study,
        status=422 if problem else 200,
        alert=alert,
        problem=problem,
        is_waiting=alert.state in WAITING,
        is_overdue=queries.is_overdue(alert, now),
        rule=_in_words(rule_of(alert)),
        wave=_wave(alert),
        steps=[(step, names.get(step.by, "by itself")) for step in steps],
        mails=[(mail, names.get(mail.recipient, mail.recipient)) for mail in mails],
        n_sent=sum(mail.state == "sent" for mail in mails),
        n_stuck=queries.stuck(study).filter(about=alert.code).count(),
        answers=_answers(alert) if with_answers else None,
        took=_minutes(alert.raised_at, alert.acknowledged_at),
        typed=request.POST,
    )


def _find(study: Study, code: str) -> Alert:
    rows = Alert.objects.select_related("occasion__participant", "protocol", "study")
    found = rows.filter(study=study, code=code).first()
    if found is None:
        raise Http404("no such alert")
    return found


def _in_words(rule: SafetyRule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "instrument": rule.instrument,
        "when": rule.when,
        "alert": ", ".join(rule.alert),
        "escalate_after": period(rule.escalate_after) if rule.escalate_after else "",
        "escalate_to": ", then ".join(rule.escalate_to),
    }


def _wave(alert: Alert) -> str:
    if alert.occasion is None:
        return ""
    wave = protocol_of(alert.protocol).by_code.get(alert.occasion.wave)
    return wave_title(wave, LANGUAGE) if wave else alert.occasion.wave


def _names(codes: set[str]) -> dict[str, str]:
    """Staff by their codes, as colleagues know them."""
    return {user.code: str(user) for user in User.objects.filter(code__in=codes)}


def _answers(alert: Alert) -> list[tuple[str, str]]:
    """What the rule saw: each question with its answer, each scale with its score."""
    if alert.is_drill:
        return []
    (instrument,) = registry.instruments([alert.instrument])
    told = []
    for code, value in alert.found.get("answers", {}).items():
        item = instrument.by_code[code]
        labels = {
            float(option.code): pick(option.label, LANGUAGE)
            for option in instrument.options_of(item)
        }
        words = labels.get(float(value), "") if isinstance(value, int | float) else ""
        number = f"{value:g}" if isinstance(value, int | float) else str(value)
        told.append((plain(pick(item.text, LANGUAGE)), f"{number} ({words})" if words else number))
    for code, value in alert.found.get("scores", {}).items():
        scale = instrument.scale_by_code[code]
        told.append((f"Score: {pick(scale.title, LANGUAGE)}", f"{value:g}"))
    return told


def _minutes(begun: datetime, ended: datetime | None) -> str:
    """How long it took, for the result of a drill."""
    if ended is None:
        return ""
    minutes = round((ended - begun).total_seconds() / 60)
    return "less than a minute" if minutes < 1 else f"{minutes} minutes"
