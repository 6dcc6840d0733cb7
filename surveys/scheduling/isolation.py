"""Work on many rows at once, of which a few may be unusable; `sweeping` uses it.

An unusable row is one whose wave is missing from its protocol, or whose person lives in a zone
that the zone database no longer has. It must not stop the rows of everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from django.db import DataError, IntegrityError, transaction

from surveys.lib.states import IllegalMove
from surveys.scheduling.models import Occasion

# What unusable rows raise. A lost connection or a time limit is no row's fault and passes on.
UNUSABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, DataError, IntegrityError,
)  # fmt: skip

_log = structlog.get_logger(__name__)


def do_usable(batch: Sequence[Occasion], work: Callable[[Sequence[Occasion]], None]) -> None:
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
            _log_unusable(batch[0], error)
            return
        half = len(batch) // 2
        do_usable(batch[:half], work)
        do_usable(batch[half:], work)


def _log_unusable(occasion: Occasion, error: Exception) -> None:
    # The message of an error may quote what somebody wrote; its kind does not.
    _log.error(
        "occasion_unusable",
        occasion=str(occasion.pk),
        participant=occasion.participant_id,
        protocol=occasion.protocol_id,
        error=type(error).__name__,
    )
