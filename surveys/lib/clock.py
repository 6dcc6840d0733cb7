"""The only reader of the clock. Edges call `now()` once and pass the value on.

The clock is the database's, so that every process agrees and a worker with a wrong clock does
no harm. In demo and test the platform may run ahead by one explicit offset, stored in one row.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections

from surveys.lib import sql
from surveys.lib.models import ClockOffset

_REAL = "SELECT clock_timestamp()"
_MOVED = (
    "SELECT clock_timestamp() + coalesce((SELECT ahead FROM surveys_clockoffset), interval '0')"
)


class ClockIsReal(RuntimeError):
    """Somebody tried to move the clock of a platform that serves a real study."""


def now() -> datetime:
    """The platform's present, as an aware UTC instant.

    Most requests ask it first. So it is also how they learn whether a kept connection still lives;
    Django would send a statement of its own to find out. A dead one is replaced.
    """
    kept: Any = connections[DEFAULT_DB_ALIAS]  # Any: the stubs know nothing of health checks
    is_kept = kept.connection is not None and kept.health_check_enabled
    if is_kept and not kept.health_check_done:
        kept.health_check_done = True
        with suppress(Error):
            return _asked()
        kept.close()
    return _asked()


def _asked() -> datetime:
    ((moment,),) = sql.rows_prepared(_MOVED if settings.CLOCK_MAY_MOVE else _REAL, {})
    return cast(datetime, moment)


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
