"""Safety alerts in the hands of a team."""

from __future__ import annotations

from datetime import datetime

from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.safety import cases
from surveys.safety.models import Alert


def acknowledge(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Somebody looks after an alert from now on; nobody else is called."""
    cases.acknowledge(alert=alert, by=by, now=now)


def note_on_alert(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """Keep what somebody did about an alert."""
    cases.note(alert=alert, words=words, by=by, now=now)


def close_alert(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """End an alert with a note of what was done."""
    cases.close(alert=alert, words=words, by=by, now=now)


def look_at_alert(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Note that somebody is shown the answers behind an alert."""
    cases.look(alert=alert, by=by, now=now)


def drill(*, study: Study, rule: str, by: Actor, now: datetime) -> Alert:
    """Raise an alert about nobody, so that a team tries its chain."""
    return cases.drill(study=study, rule=rule, by=by, now=now)
