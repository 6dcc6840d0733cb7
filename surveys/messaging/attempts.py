"""One claimed message's way through the mail server: the gate before the body, and the end.

Both are fenced by the claim's token: a worker whose lease has ended changes nothing.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from surveys.lib import sql
from surveys.messaging import guards
from surveys.messaging.composing import Letter
from surveys.messaging.printable import printable
from surveys.messaging.reasons import Hurdle
from surveys.messaging.retries import pause_after
from surveys.messaging.transports import Kind, Outcome
from surveys.scheduling.states import MessageState

# Only what is `sending` has a lease that runs. Its state is not asked: that would tempt the planner
# into the index of leased messages, which looks empty to it and is full of dead entries in a run.
FENCE = "m.lease_token = %(token)s"

_GATE = """
    UPDATE surveys_deliveryattempt a SET body_started_at = clock_timestamp()
    FROM surveys_message m
    JOIN surveys_occasion o ON o.id = m.occasion_id
    JOIN surveys_participant p ON p.id = o.participant_id
    JOIN surveys_study s ON s.id = p.study_id
    WHERE m.id = %(id)s AND a.message_id = m.id AND a.n = %(n)s AND {fence}
      AND m.lease_until > clock_timestamp() + %(margin)s::interval
      AND {may_go}
"""

# The gate of the next message makes this durable. Should the database server itself die before,
# the row stays `sending` with its body started, and is reaped as unknown: late, never wrong.
_SETTLE = """
    WITH quick AS (SELECT set_config('synchronous_commit', 'off', true) AS is_set),
    ended AS (
        UPDATE surveys_deliveryattempt
        SET outcome = %(outcome)s, ended_at = clock_timestamp(), reply = %(reply)s
        WHERE message_id = %(id)s AND n = %(n)s AND lease_token = %(token)s
    )
    UPDATE surveys_message m
    SET state = %(state)s::text, sent_at = %(sent_at)s::timestamptz, why_not = %(why_not)s,
        not_before = clock_timestamp() + %(pause)s::interval, lease_until = NULL,
        lease_token = CASE WHEN %(state)s::text = 'unknown' THEN m.lease_token END
    FROM quick
    WHERE m.id = %(id)s AND quick.is_set IS NOT NULL AND m.lease_token = %(token)s
      AND (m.state = 'sending' OR (m.state = 'unknown' AND %(state)s::text = 'sent'))
"""


def open_gate(letter: Letter, token: UUID, *, now: datetime, margin: timedelta) -> bool:
    """Note durably that the body is about to go out; False when this worker must not send it.

    The lease must outlast the send by `margin`, and what the claim checked must still hold.
    """
    values = {"id": letter.id, "n": letter.n_attempts, "token": token}
    query = _GATE.format(fence=FENCE, may_go=guards.MAY_GO)
    return sql.execute_prepared(query, values | {"now": now, "margin": margin}) == 1


def settle(letter: Letter, token: UUID, outcome: Outcome, *, now: datetime) -> MessageState:
    """Record how an attempt ended; return where that leaves the message."""
    return end_attempt(letter.id, letter.n_attempts, token, outcome, now=now)


def give_up(letter: Letter, token: UUID, why: Hurdle, words: str) -> None:
    """Fail a message before anything was said to a server."""
    _write(letter.id, letter.n_attempts, token, Kind.PERMANENT, words, MessageState.FAILED, why)


def end_attempt(
    message: UUID, n_attempts: int, token: UUID, outcome: Outcome, *, now: datetime | None
) -> MessageState:
    """Record the end of one attempt by its numbers; `now` is needed when it was sent."""
    pause = pause_after(n_attempts, random.random())  # noqa: S311 - spreads load, guards nothing
    state, why_not = _end(outcome.kind, is_last=pause is None)
    _write(
        message,
        n_attempts,
        token,
        outcome.kind,
        outcome.reply,
        state,
        why_not,
        sent_at=now if state == MessageState.SENT else None,
        pause=pause if state == MessageState.DUE else None,
    )
    return state


def _write(
    message: UUID,
    n_attempts: int,
    token: UUID,
    kind: Kind,
    reply: str,
    state: MessageState,
    why_not: str,
    **times: Any,
) -> None:
    values = {
        "id": message,
        "n": n_attempts,
        "token": token,
        "outcome": kind,
        "reply": printable(reply),
        "state": state,
        "why_not": why_not,
        "sent_at": None,
        "pause": None,
    }
    sql.execute_prepared(_SETTLE, values | times)


def _end(kind: Kind, *, is_last: bool) -> tuple[MessageState, str]:
    match kind:
        case Kind.SENT:
            return MessageState.SENT, ""
        case Kind.UNKNOWN:
            return MessageState.UNKNOWN, ""
        case Kind.PERMANENT:
            return MessageState.FAILED, Hurdle.REFUSED
        case Kind.TEMPORARY if is_last:
            return MessageState.FAILED, Hurdle.TOO_MANY_ATTEMPTS
        case _:
            return MessageState.DUE, ""
