"""The one way to write the audit trail; every action calls it once, inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib.sql import Change
from surveys.lib.writing import Writing

_APPEND = Writing(Event)


def record(
    event: str,
    *,
    by: Actor,
    at: datetime,
    study: str = "",
    subject: str = "",
    reason: str = "",
    **data: Any,
) -> Event:
    """Append one event, named `object.past_participle`; `data` must be JSON and hold no person."""
    row = _event(event, by, at, study=study, subject=subject, reason=reason, data=data)
    row.save(force_insert=True)
    return row


def recording(
    event: str, *, by: Actor, at: datetime, study: str, subject: str, **data: Any
) -> Change:
    """What appends one event, to be written along with what it tells of."""
    return _APPEND.of(_event(event, by, at, study=study, subject=subject, data=data))


def record_each(
    event: str, subjects: Iterable[str], *, by: Actor, at: datetime, study: str, **data: Any
) -> None:
    """Append the same event for many subjects at once, such as everyone in one file."""
    record_several(event, dict.fromkeys(subjects, data), by=by, at=at, study=study)


def record_several(
    event: str, told: Mapping[str, Mapping[str, Any]], *, by: Actor, at: datetime, study: str
) -> None:
    """Append one event for each subject at once; `told` has each subject's own data."""
    events = [
        _event(event, by, at, study=study, subject=subject, data=dict(data))
        for subject, data in told.items()
    ]
    Event.objects.bulk_create(events, batch_size=2000)


def _event(event: str, by: Actor, at: datetime, **told: Any) -> Event:
    return Event(at=at, event=event, actor_kind=by.kind, actor=by.name, **told)
