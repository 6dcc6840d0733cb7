"""What proves that a mail arrived: somebody pressed Start behind a link that only it carried.

`pipeline.open_link` calls this with the occasion held, unless another page led to the link.
"""

from __future__ import annotations

from datetime import datetime

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.lib import sql
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MESSAGE, MessageState

# It was sent when its body went out; that time is real, and is told in study time.
_ARRIVED = """
    UPDATE surveys_message m
    SET state = 'sent', why_not = '', lease_token = NULL, sent_at = coalesce(
        %(now)s - (SELECT clock_timestamp() - max(a.body_started_at)
                   FROM surveys_deliveryattempt a WHERE a.message_id = m.id), m.due_at)
    WHERE m.occasion_id = %(occasion)s AND m.state = 'unknown' AND NOT EXISTS (
        SELECT FROM surveys_message other
        WHERE other.occasion_id = m.occasion_id AND other.id <> m.id
          AND (other.state IN ('sent', 'sending', 'unknown', 'bounced') OR EXISTS (
              SELECT FROM surveys_deliveryattempt a
              WHERE a.message_id = other.id AND a.body_started_at IS NOT NULL)))
    RETURNING m.id
"""


def link_opened(*, occasion: Occasion, now: datetime) -> Message | None:
    """Note that the one mail with this link arrived after all; the message, if it was unknown."""
    MESSAGE.check(MessageState.UNKNOWN, MessageState.SENT)
    for (pk,) in sql.rows(_ARRIVED, {"now": now, "occasion": occasion.pk}):
        person = occasion.participant
        log.record(
            "message.arrived",
            by=Actor.participant(person.code),
            at=now,
            study=person.study.code,
            subject=person.code,
            reason="Start was pressed behind the link that only this mail carried.",
            message=str(pk),
            wave=occasion.wave,
        )
        return Message.objects.get(pk=pk)
    return None
