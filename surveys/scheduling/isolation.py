"""Work on many rows at once, of which a few may be unusable; sweeps and amendments use it.

An unusable row is one whose wave is missing from its protocol, or whose person lives in a zone
that the zone database no longer has. It must not stop the rows of everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from django.db import DataError, IntegrityError, transaction

from surveys.lib.states import IllegalMove
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion

Row = TypeVar("Row", Occasion, Participant)

# What unusable rows raise. A lost connection or a time limit is no row's fault and passes on.
UNUSABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, DataError, IntegrityError,
)  # fmt: skip

_log = structlog.get_logger(__name__)


def do_usable(batch: Sequence[Row], work: Callable[[Sequence[Row]], None]) -> None:
    """Do the work in one piece; where that fails in halves, down to the rows that fail alone.

    Each piece is a savepoint of the caller's transaction. A row that fails alone is logged and
    stays as it was.
    """
    try:
        with transaction.atomic():
            work(batch)
    except IllegalMove:
        raise  # the rows are held, so this is a fault and no row's
    except UNUSABLE as error:
        if len(batch) == 1:
            log_unusable(batch[0], error)
            return
        half = len(batch) // 2
        do_usable(batch[:half], work)
        do_usable(batch[half:], work)


def log_unusable(row: Occasion | Participant, error: Exception) -> None:
    """Say which row fails, and by what kind of error: its words may quote what somebody wrote."""
    kind = type(error).__name__
    if isinstance(row, Participant):
        _log.error("participant_unusable", participant=row.pk, protocol=row.protocol_id, error=kind)
        return
    _log.error(
        "occasion_unusable",
        occasion=str(row.pk),
        participant=row.participant_id,
        protocol=row.protocol_id,
        error=kind,
    )
