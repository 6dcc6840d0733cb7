"""Comparing every live plan with what protocol and facts ask for, each hour; part of `actions`.

A plan that differs is drift. Where another zone database or other code explains it, the plan is
made right by the same replan as ever and the report says what changed; where nothing explains it,
it is only reported, and a person who has looked asks for the repair (docs/adr). A check of a study
goes some people at a time, each time in one transaction under one lock, and goes on where it was
stopped. Comparing locks nobody; only whose plan seems to differ is held, and compared once more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import locks
from surveys.participants.models import Participant
from surveys.scheduling import origin
from surveys.scheduling.comparing import Compared, Planners, compare
from surveys.scheduling.drift import Drift, drift_of
from surveys.scheduling.facts import ReadResults, dossiers, hold, no_results
from surveys.scheduling.isolation import UNUSABLE, log_unusable
from surveys.scheduling.models import Reconciliation
from surveys.scheduling.replanning import replan
from surveys.scheduling.states import Explanation

EVERY = timedelta(hours=1)  # of real time
CHUNK = 200  # people in one transaction
RUN_SECONDS = 10.0  # no further people are begun after this long; sweeps share the queue
EXAMPLES = 100  # people whose drift is kept in words
KEPT = timedelta(days=30)  # checks that found nothing are forgotten after this
LOCK = "reconcile"
BY = Actor.system("reconcile")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reconciled:
    """How many people a run compared, and whether more are due."""

    n_people: int = 0
    is_cut: bool = False


@dataclass
class _Found:
    """What a comparison of some people found."""

    drifted: list[Participant] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)


def reconcile_due(*, now: datetime, results: ReadResults = no_results) -> Reconciled:
    """Go on with the checks that are due until none is, time is over, or another run is at it."""
    began, n_people = time.monotonic(), 0
    while True:
        if time.monotonic() - began > RUN_SECONDS:
            return Reconciled(n_people, is_cut=True)
        with transaction.atomic():
            check = _due() if locks.try_hold(LOCK) else None
            if check is None:
                return Reconciled(n_people)
            n_people += _go_on(check, now=now, by=BY, results=results)


def reconcile_now(
    study: Study, *, by: Actor, now: datetime, repair: bool, results: ReadResults = no_results
) -> Reconciliation:
    """Check the whole study because somebody asks, and make plans right if they ask for that.

    An unfinished check of the study is done with first, as it stands.
    """
    with transaction.atomic():
        locks.hold(LOCK)
        _end(Reconciliation.objects.filter(study=study, ended_at=None))
        check = _begin(study, Explanation.ASKED if repair else "")
    while check.ended_at is None:
        with transaction.atomic():
            locks.hold(LOCK)
            check = Reconciliation.objects.select_related("study").get(pk=check.pk)
            if check.ended_at is None:
                _go_on(check, now=now, by=by, results=results)
    return check


def latest(study: Study) -> Reconciliation | None:
    """The last check of a study that came to its end."""
    return study.reconciliations.exclude(ended_at=None).order_by("-ended_at", "-pk").first()


def _due() -> Reconciliation | None:
    """The check to go on with, or a new one of the study that has waited longest."""
    unfinished = Reconciliation.objects.filter(ended_at=None, study__is_paused=False)
    if check := unfinished.select_related("study").order_by("began_at").first():
        return check
    enrolled = Participant.objects.filter(study=OuterRef("pk"), status=Participant.Status.ENROLLED)
    live = Study.objects.filter(Exists(enrolled), is_paused=False)
    checked = live.annotate(last=Max("reconciliations__began_at"))
    due = checked.filter(Q(last=None) | Q(last__lte=Now() - EVERY))
    study = due.defer("draft").order_by(F("last").asc(nulls_first=True), "pk").first()
    return _begin(study, _explanation(study)) if study else None


def _explanation(study: Study) -> str:
    """What explains that plans differ now, though they did not at the last check."""
    last = latest(study)
    if last is None:
        return Explanation.FIRST
    if last.zone_database != origin.zone_database():
        return Explanation.ZONES
    return Explanation.RELEASE if last.release != origin.release() else ""


def _begin(study: Study, explained_by: str) -> Reconciliation:
    check = Reconciliation.objects.create(
        study=study,
        began_at=Now(),
        zone_database=origin.zone_database(),
        release=origin.release(),
        explained_by=explained_by,
    )
    return Reconciliation.objects.select_related("study").get(pk=check.pk)


def _go_on(check: Reconciliation, *, now: datetime, by: Actor, results: ReadResults) -> int:
    """Compare the next people of a check, repair them where that is explained, and note it."""
    rows = Participant.objects.filter(study=check.study_id, status=Participant.Status.ENROLLED)
    rows = rows.select_related("study").defer("study__draft").order_by("pk")
    people = list(rows.filter(pk__gt=check.last_participant)[:CHUNK])
    planners = Planners(results)
    suspects = _compared(people, planners, now, are_held=False).drifted
    held = [p for p in hold([p.pk for p in suspects]) if p.status == Participant.Status.ENROLLED]
    found = _compared(held, planners, now, are_held=True) if held else _Found()
    usable = {one.code for one in found.drift if not one.error}
    repaired = [p for p in found.drifted if p.code in usable] if check.explained_by else []
    replan(repaired, by=by, now=now, results=results)
    check.n_people += len(people)
    check.n_drifted += len(found.drift)
    check.n_repaired += len(repaired)
    room = max(0, EXAMPLES - len(check.drift))
    check.drift += [one.as_json() for one in found.drift[:room]]
    check.last_participant = people[-1].pk if people else check.last_participant
    check.save()
    if len(people) < CHUNK:
        _finish(check, by, now)
    return len(people)


def _compared(
    people: Sequence[Participant], planners: Planners, now: datetime, *, are_held: bool
) -> _Found:
    found = _Found()
    for dossier in dossiers(people, planners.results_of(people), are_held=are_held):
        person = dossier.participant
        try:
            one: Compared = compare(dossier, planners[person.protocol_id], now)
            drift = drift_of(one)
        except UNUSABLE as error:
            log_unusable(person, error)
            drift = Drift(person.code, error=type(error).__name__)
        if drift:
            found.drifted.append(person)
            found.drift.append(drift)
    return found


def _finish(check: Reconciliation, by: Actor, now: datetime) -> None:
    _end(Reconciliation.objects.filter(pk=check.pk))
    check.refresh_from_db(fields=["ended_at"])
    old = check.study.reconciliations.filter(n_drifted=0, ended_at__lt=Now() - KEPT)
    old.delete()
    if not check.n_drifted:
        return
    told: dict[str, Any] = {
        "people": check.n_people,
        "drifted": check.n_drifted,
        "repaired": check.n_repaired,
        "explained_by": check.explained_by,
    }
    _log.warning("plans_drifted", study=check.study.code, **told)
    log.record(
        "plans.reconciled", by=by, at=now, study=check.study.code, subject=check.study.code, **told
    )


def _end(checks: QuerySet[Reconciliation]) -> None:
    checks.update(ended_at=Now())
