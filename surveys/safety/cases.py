"""Working on an alert: acknowledge it, note what was done, close it; and drills. The pipeline calls these."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.design import queries
from surveys.design.models import Study
from surveys.participants.models import Participant
from surveys.safety import alerts
from surveys.safety.models import Alert, AlertStep
from surveys.safety.states import ALERT, AlertState, Step

LONGEST_NOTE = 5000


class NoteMissing(ValueError):
    """A note has no words, or far too many."""


@transaction.atomic
def acknowledge(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Somebody looks after it from now on; nobody else is called. Raises IllegalMove."""
    held = _held(alert)
    ALERT.check(held.state, AlertState.ACKNOWLEDGED)
    held.state, held.escalates_at = AlertState.ACKNOWLEDGED, None
    held.acknowledged_at, held.acknowledged_by = now, by.name
    held.save(update_fields=["state", "escalates_at", "acknowledged_at", "acknowledged_by"])
    AlertStep.objects.create(alert=held, at=now, step=Step.ACKNOWLEDGED, by=by.name)
    alerts.record("alert.acknowledged", held, by=by, now=now)


@transaction.atomic
def note(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """Keep what somebody did or found out; raises NoteMissing."""
    words = _checked(words)
    held = _held(alert)
    AlertStep.objects.create(alert=held, at=now, step=Step.NOTED, by=by.name, note=words)
    alerts.record("alert.noted", held, by=by, now=now)


@transaction.atomic
def close(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """End it with a note of what was done; raises NoteMissing and IllegalMove."""
    words = _checked(words)
    held = _held(alert)
    ALERT.check(held.state, AlertState.CLOSED)
    held.state, held.closed_at = AlertState.CLOSED, now
    held.save(update_fields=["state", "closed_at"])
    AlertStep.objects.create(alert=held, at=now, step=Step.CLOSED, by=by.name, note=words)
    alerts.record("alert.closed", held, by=by, now=now)


@transaction.atomic
def look(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Note that somebody is shown the answers behind it."""
    alerts.record("alert.answers_viewed", alert, by=by, now=now)


@transaction.atomic
def forget(*, participant: Participant) -> None:
    """Empty what alerts keep of somebody's answers, which they want erased; the cases stay."""
    Alert.objects.filter(occasion__participant=participant).update(found={})


@transaction.atomic
def drill(*, study: Study, rule: str, by: Actor, now: datetime) -> Alert:
    """Raise an alert about nobody that goes the whole way of a rule.

    Raises queries.NotPublished, and LookupError when the study has no such rule.
    """
    version = queries.current(study)
    found = alerts.rule_in(version, rule)
    alert = Alert.objects.create(
        study=study,
        protocol=version,
        rule=found.code,
        is_drill=True,
        raised_at=now,
        escalates_at=alerts.next_step(found, now),
    )
    alerts.announce(alert, found, by=by, now=now)
    return alert


def _held(alert: Alert) -> Alert:
    """The alert as it stands, locked: two who press at once come one after the other."""
    rows = Alert.objects.select_for_update(of=("self",)).select_related("study")
    return rows.get(pk=alert.pk)


def _checked(words: str) -> str:
    words = words.replace("\0", "").strip()
    if not words:
        raise NoteMissing("Write a note of what was done.")
    if len(words) > LONGEST_NOTE:
        raise NoteMissing(f"A note has at most {LONGEST_NOTE} characters.")
    return words
