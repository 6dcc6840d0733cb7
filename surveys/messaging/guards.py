"""What may keep a message from going out, as SQL over message m, occasion o, participant p and
study s. The claim asks all of it, and the gate asks again right before the body of a mail.
"""

from __future__ import annotations

IS_HELD = "EXISTS (SELECT FROM surveys_sendinghold)"

# A pause ends at an instant that was found in the participant's own zone. No zone is looked up
# here, since one that this database does not know would stop everybody's mail.
_IS_AWAY = "coalesce(greatest(p.pause_ends_at, o.snoozed_until) > %(now)s, false)"

# Why a due message must never go out; empty when it may.
WHY_NOT = """
    CASE
        WHEN p.status <> 'enrolled' THEN 'withdrawn'
        WHEN o.state = 'completed' THEN 'completed'
        WHEN o.state = 'cancelled' AND o.cause IN ('withdrawn', 'paused') THEN o.cause
        WHEN o.state = 'excluded' AND o.cause = 'branched_out' THEN 'condition'
        WHEN o.state IN ('cancelled', 'excluded') THEN 'replanned'
        WHEN p.unsubscribed_at IS NOT NULL THEN 'unsubscribed'
        WHEN o.state = 'expired' OR o.closes_at <= %(now)s
            THEN CASE WHEN s.is_paused OR p.pause_ends_at >= o.closes_at
                 THEN 'paused' ELSE 'window_closed' END
        WHEN o.state = 'started' AND m.kind = 'invitation' THEN 'started'
        ELSE ''
    END
"""

# What waits without an end: a paused study, the person's own pause or snooze, a window that the
# sweep has yet to open, and a reminder whose forerunner is not out, or is out late: then half the
# planned gap is kept. An invitation that quiet hours put off counts from the opening, so that no
# gap shrinks to nothing; one that a pause put off does not, or no reminder would follow it.
WAITS = f"""
    (o.state IN ('planned', 'open', 'started')
     AND p.status = 'enrolled' AND p.unsubscribed_at IS NULL
     AND (o.closes_at IS NULL OR o.closes_at > %(now)s)
     AND (s.is_paused
          OR {_IS_AWAY}
          OR o.state = 'planned'
          OR (m.kind = 'reminder' AND EXISTS (
              SELECT FROM surveys_message e
              WHERE e.occasion_id = m.occasion_id
                AND (e.kind = 'invitation' OR (e.due_at, e.nth) < (m.due_at, m.nth))
                AND e.id <> m.id
                AND (e.state IN ('due', 'sending')
                     OR e.sent_at + (m.due_at - least(
                         e.due_at, CASE
                             WHEN e.kind = 'invitation' AND coalesce(
                                 greatest(p.pause_ends_at, o.snoozed_until) <= o.opens_at, true)
                             THEN o.opens_at END
                     )) / 2 > %(now)s)))))
"""

MAY_GO = f"""
    (p.status = 'enrolled' AND p.unsubscribed_at IS NULL AND NOT s.is_paused AND NOT {_IS_AWAY}
     AND (o.closes_at IS NULL OR o.closes_at > %(now)s)
     AND (o.state = 'open' OR (o.state = 'started' AND m.kind = 'reminder'))
     AND NOT {IS_HELD})
"""
