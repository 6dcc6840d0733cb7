"""One more reminder than the plan has, because somebody was promised it or needs a new link.

Callers hold the occasion.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from surveys.design.registry import protocol_of
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.reminding import ASKED_FOR, asked_for
from surveys.scheduling.states import MessageKind, MessageState


def wake(row: Occasion, at: datetime) -> bool:
    """Plan one more reminder for `at`, unless something is due by then."""
    messages = Message.objects.filter(occasion=row)
    if messages.filter(state=MessageState.DUE, due_at__lte=at).exists():
        return False
    reminders = messages.filter(kind=MessageKind.REMINDER)
    n_planned = len(protocol_of(row.protocol).by_code[row.wave].reminders)
    last = reminders.aggregate(last=Max("nth"))["last"] or 0
    nth = max(n_planned, last) + 1
    Message.objects.create(occasion=row, kind=MessageKind.REMINDER, nth=nth, due_at=at)
    row.local = {**row.local, ASKED_FOR: [*asked_for(row.local), nth]}
    row.save(update_fields=["local"])
    return True
