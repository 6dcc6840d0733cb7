"""What happened to one participant, in the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.participants.models import Participant


def record(event: str, participant: Participant, by: Actor, now: datetime, **data: Any) -> None:
    """Append one event about somebody; a `reason` has a column of its own."""
    log.record(event, by=by, at=now, study=participant.study.code, subject=participant.code, **data)
