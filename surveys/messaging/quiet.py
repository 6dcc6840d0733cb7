"""Letters whose time fell into somebody's quiet hours after all, by a retry, an outage, a late
decision: they are put off to the end of these hours. The claim calls this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from surveys.design.models import ProtocolVersion
from surveys.design.schedule import quiet
from surveys.lib import sql
from surveys.messaging.composing import Letter

_PUT_OFF = """
    UPDATE surveys_message m SET due_at = v.due_at
    FROM unnest(%(ids)s::uuid[], %(due_at)s::timestamptz[]) v (id, due_at)
    WHERE m.id = v.id AND m.state = 'due'
"""


def put_off(letters: Sequence[Letter], *, now: datetime) -> set[UUID]:
    """Move what would arrive at a quiet hour to its end; return the ids of what was moved.

    As in the plan, a letter does not wait when its window would close before.
    """
    hours = _quiet_hours({letter.protocol_id for letter in letters})
    ends = {
        letter.id: _end(now, hours[letter.protocol_id], letter.timezone)
        for letter in letters
        if letter.protocol_id in hours
    }
    closing = {letter.id: letter.closes_at for letter in letters}
    moved = {pk: end for pk, end in ends.items() if now < end < closing[pk]}
    if moved:
        sql.execute(_PUT_OFF, {"ids": list(moved), "due_at": list(moved.values())})
    return set(moved)


def _end(now: datetime, hours: tuple[str, str], zone: str) -> datetime:
    try:
        return quiet(now, hours, zone)
    except ValueError:  # no such zone: composing gives this one letter up, the others flow
        return now


def _quiet_hours(protocols: Iterable[int]) -> dict[int, tuple[str, str]]:
    """The quiet hours of protocols that have some."""
    rows = ProtocolVersion.objects.filter(pk__in=protocols)
    found = rows.values_list("pk", "document__quiet_hours")
    return {pk: (hours[0], hours[1]) for pk, hours in found if hours}
