"""Moves along the life cycles: guarded updates that must hit every row they name.

The caller holds the rows, so a row in another state than the life cycle allows is a fault here,
never a race that passes unseen.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from surveys.lib import sql
from surveys.lib.sql import Change
from surveys.lib.states import IllegalMove
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import (
    MESSAGE,
    OCCASION,
    MessageState,
    OccasionState,
    WhyNot,
)

_MOMENTS = ("state", "started_at", "last_saved_at", "closes_at", "ended_at")
_WRITE = f"""
    UPDATE surveys_occasion SET {", ".join(f"{name} = %({name})s" for name in _MOMENTS)}
    WHERE id = %(id)s AND state = ANY(%(sources)s)
"""  # noqa: S608 -- constants only
_DROP = """
    UPDATE surveys_message SET state = %(after)s, why_not = %(why_not)s
    WHERE occasion_id = ANY(%(occasions)s) AND state = %(due)s
"""


def advance(occasions: Collection[UUID], after: OccasionState, **fields: Any) -> int:
    """Bring occasions that the caller holds into the state `after`; return how many.

    Raises IllegalMove when the life cycle does not lead there from the state of any of them.
    """
    if not occasions:
        return 0
    rows = Occasion.objects.filter(pk__in=occasions, state__in=OCCASION.sources(after))
    n_hit = rows.update(state=after, **fields)
    if n_hit != len(occasions):
        raise IllegalMove(f"{len(occasions) - n_hit} occasions cannot become {after}")
    return n_hit


def writing(occasion: Occasion, sources: Collection[OccasionState]) -> Change:
    """What writes the state and the moments of one occasion that the caller holds.

    Executed, it raises IllegalMove unless the row is in one of the states `sources`.
    """
    values = {name: getattr(occasion, name) for name in _MOMENTS}
    return Change(
        _WRITE,
        {**values, "id": occasion.pk, "sources": list(sources)},
        otherwise=IllegalMove(f"an occasion cannot become {occasion.state}"),
    )


def drop_messages(occasions: Collection[UUID], after: MessageState, why_not: WhyNot) -> int:
    """Take the messages that are still to be sent out of the plan; one that a worker has stays."""
    if not occasions:
        return 0
    change = dropping(occasions, after, why_not)
    return sql.execute_prepared(change.query, change.values)


def dropping(occasions: Collection[UUID], after: MessageState, why_not: WhyNot) -> Change:
    """What does so, to be executed together with other changes."""
    MESSAGE.check(MessageState.DUE, after)
    return Change(
        _DROP,
        {"occasions": list(occasions), "after": after, "why_not": why_not, "due": MessageState.DUE},
    )


def drop_these(messages: Collection[UUID], why_not: WhyNot) -> int:
    """Cancel single messages that are still to be sent."""
    due = Message.objects.filter(pk__in=messages, state=MessageState.DUE)
    return due.update(state=MessageState.CANCELLED, why_not=why_not) if messages else 0


def end_messages(occasions: Collection[UUID], now: datetime) -> None:
    """The window has closed: what was due by then is missed, later reminders are not wanted."""
    due = Message.objects.filter(occasion__in=occasions, state=MessageState.DUE)
    if occasions:
        due.filter(due_at__lte=now).update(state=MessageState.MISSED, why_not=WhyNot.WINDOW_CLOSED)
        due.update(state=MessageState.CANCELLED, why_not=WhyNot.WINDOW_CLOSED)
