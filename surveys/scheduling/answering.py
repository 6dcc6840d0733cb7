"""What a person's own acts do to an occasion, and what withdrawal does; part of `actions`.

Each holds the participant's row first and the occasion's second, as everywhere; of a page that is
saved the caller holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.registry import protocol_of
from surveys.design.schedule import window
from surveys.lib import sql
from surveys.lib.sql import Change
from surveys.participants.models import Participant
from surveys.scheduling.facts import hold as hold_participants
from surveys.scheduling.found import hold
from surveys.scheduling.models import Occasion
from surveys.scheduling.moves import advance, drop_messages, dropping, writing
from surveys.scheduling.queries import UNFINISHED
from surveys.scheduling.states import Cause, MessageState, OccasionState, WhyNot

ANSWERABLE = (OccasionState.OPEN, OccasionState.STARTED)
NOT_YET = (OccasionState.PLANNED, OccasionState.EXCLUDED)


class NotAnswerable(ValueError):
    """The occasion cannot be answered now; `state` says why."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the occasion is {state}")
        self.state = state


class OccasionNotOpen(NotAnswerable):
    """It is planned for later, or not asked of this person."""


class OccasionClosed(NotAnswerable):
    """It is completed, expired or cancelled."""


class ConsentPending(NotAnswerable):
    """Its participant has to agree to a new consent text first."""


@transaction.atomic
def open_link(*, occasion: UUID, now: datetime) -> Occasion:
    """Note that Start was pressed; the first time counts.

    Raises OccasionNotOpen, OccasionClosed and ConsentPending.
    """
    row = hold(occasion)
    check_answerable(row, now)
    if row.link_opened_at is None:
        row.link_opened_at = now
        row.save(update_fields=["link_opened_at"])
    return row


def record_saved(
    *, occasion: Occasion, now: datetime, completes: bool = False, along: Sequence[Change] = ()
) -> None:
    """Note that a page was saved: the first save starts the occasion, each one moves its close.

    The page that `completes` it ends it: nothing more is asked or sent. What was saved goes `along`
    in the same statement. `occasion` comes from `hold` in this transaction, and is brought up to
    date. Raises OccasionNotOpen, OccasionClosed and ConsentPending.
    """
    counts_from = check_answerable(occasion, now)
    wave = protocol_of(occasion.protocol).by_code[occasion.wave]
    occasion.state = OccasionState.COMPLETED if completes else OccasionState.STARTED
    occasion.started_at = occasion.started_at or now
    occasion.last_saved_at = now
    occasion.ended_at = now if completes else None
    occasion.closes_at = window(
        counts_from,
        wave.window,
        occasion.local.get("zone", occasion.participant.timezone),
        started=occasion.started_at,
        last_saved=now,
    )
    changes = [writing(occasion, ANSWERABLE), *along]
    if completes:
        changes.append(dropping([occasion.pk], MessageState.CANCELLED, WhyNot.COMPLETED))
    sql.execute_together(*changes)


@transaction.atomic
def cancel_remaining(*, participant: Participant, by: Actor, now: datetime) -> int:
    """Withdrawal: take everything that has not ended out of the plan; return how many occasions."""
    hold_participants([participant.pk])
    rows = Occasion.objects.filter(participant=participant, state__in=UNFINISHED)
    held = rows.order_by("pk").select_for_update(no_key=True)
    occasions = list(held.values_list("pk", flat=True))
    advance(occasions, OccasionState.CANCELLED, cause=Cause.WITHDRAWN, ended_at=now)
    drop_messages(occasions, MessageState.CANCELLED, WhyNot.WITHDRAWN)
    if occasions:
        log.record(
            "plan.cancelled",
            by=by,
            at=now,
            study=participant.study.code,
            subject=participant.code,
            cancelled=len(occasions),
        )
    return len(occasions)


def check_answerable(row: Occasion, now: datetime) -> datetime:
    """The opening from which the window counts.

    Raises OccasionNotOpen and OccasionClosed unless it may be answered now.
    """
    if row.state in NOT_YET or row.opens_at is None:
        raise OccasionNotOpen(row.state)
    if row.state not in ANSWERABLE:
        raise OccasionClosed(row.state)
    if row.closes_at is not None and row.closes_at <= now:
        raise OccasionClosed(OccasionState.EXPIRED)
    if row.participant.consent_pending_since is not None:
        raise ConsentPending(row.state)
    planned = row.local.get("planned_opening")  # of an occasion that opened late
    return datetime.fromisoformat(planned) if planned else row.opens_at
