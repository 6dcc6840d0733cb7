"""The only reader of the clock. Edges call `now()` once and pass the value on.

The clock is the database's, so that every process agrees and a worker with a wrong clock does
no harm. In demo and test the platform may run ahead by one explicit offset, stored in one row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from surveys.lib.models import ClockOffset


class ClockIsReal(RuntimeError):
    """Somebody tried to move the clock of a platform that serves a real study."""


def now() -> datetime:
    """The platform's present, as an aware UTC instant."""
    with connection.cursor() as cursor:
        if settings.CLOCK_MAY_MOVE:
            cursor.execute(
                "SELECT clock_timestamp() + coalesce("
                "(SELECT ahead FROM surveys_clockoffset), interval '0')"
            )
        else:
            cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def move_to(moment: datetime) -> timedelta:
    """Set the platform's present to `moment`; return how far ahead it now runs.

    Raises ClockIsReal outside demo and test, and ValueError when asked to go back.
    """
    if not settings.CLOCK_MAY_MOVE:
        raise ClockIsReal("the clock can be moved in demo and test mode only")
    step = moment - now()
    if step < timedelta(0):
        raise ValueError(f"the clock only moves forward, not by {step}")
    offset, _ = ClockOffset.objects.get_or_create(pk=1)
    ahead: timedelta = offset.ahead + step
    ClockOffset.objects.update(ahead=ahead)
    return ahead
