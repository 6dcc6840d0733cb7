"""Who may send which message, decided in the database: claim, release, reap.

A claim moves rows from `due` to `sending` under a lease and a token, and re-checks there what may
have changed since the plan. Leases and pauses run on the database's real clock; due times and
windows on study time. Several workers may claim at once: a row, and a participant, belong to one
of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from surveys.lib import sql
from surveys.lib.crashpoints import Point, reached
from surveys.messaging import attempts, guards, quiet
from surveys.messaging.caps import caps_of
from surveys.messaging.composing import Letter
from surveys.messaging.pace import SLOT_LIFE
from surveys.messaging.transports import Kind, Outcome
from surveys.scheduling.states import MessageState, WhyNot

LEASE = timedelta(seconds=settings.LEASE_SECONDS)  # unless a slow mail server needs more
NOT_MISSED = (WhyNot.WITHDRAWN, WhyNot.UNSUBSCRIBED)  # they would not have had it in time either
SUSPECT_AFTER = 3  # attempts
CAP_PAUSE = timedelta(minutes=10)  # before somebody who got too many mails is looked at again

# Each of these alone keeps a message from being claimed twice; tests take them away.
LOCK = "FOR NO KEY UPDATE OF m SKIP LOCKED"
TURN = "FOR NO KEY UPDATE SKIP LOCKED"  # of a participant, which also keeps the cap exact
UNTAKEN = "m.state = 'due'"

_IS_DUE = """
    m.state = 'due' AND m.due_at <= %(now)s
    AND m.due_at >= coalesce(%(since)s::timestamptz, '-infinity')
    AND (m.not_before IS NULL OR m.not_before <= clock_timestamp())
"""

# `OFFSET 0` keeps the planner at walking the due messages in order and stopping at the limit,
# however many there are; joined freely it reads and sorts all of them.
_FOUND = f"""
    FROM surveys_message m
    CROSS JOIN LATERAL (
        SELECT o.id AS occasion_id, o.link_generation, p.id AS participant_id,
               p.key AS participant_key,
               o.protocol_id, o.wave, coalesce(nullif(m.language, ''), p.language) AS language,
               p.timezone, coalesce(o.local->>'form', '') AS form, o.opens_at, o.closes_at,
               o.state = 'expired' OR o.closes_at <= %(now)s AS is_late, {guards.WHY_NOT} AS why_not
        FROM surveys_occasion o
        JOIN surveys_participant p ON p.id = o.participant_id
        JOIN surveys_study s ON s.id = p.study_id
        WHERE o.id = m.occasion_id AND p.id <> ALL(%(spared)s::bigint[]) AND NOT {guards.WAITS}
        OFFSET 0
    ) x
    WHERE {_IS_DUE} AND NOT {guards.IS_HELD}
"""  # noqa: S608 - put together from the constants above

_HAS_SLOT = f"""
    m.slot_at IS NOT NULL
    AND m.slot_at > clock_timestamp() - interval '{SLOT_LIFE.total_seconds()} seconds'
"""

_CANDIDATES = f"""
    SELECT m.id, m.kind, m.n_attempts + 1, x.occasion_id, x.link_generation, x.participant_id,
           x.participant_key, x.protocol_id, x.wave, x.language, x.timezone, x.form,
           {_HAS_SLOT},
           x.opens_at, x.closes_at, m.due_at, x.is_late, x.why_not
    {_FOUND}
    ORDER BY m.due_at
    LIMIT %(limit)s
"""

# Whoever holds a participant's row counts that participant's mails alone; a withdrawal waits.
_PARTICIPANTS = """
    SELECT id, protocol_id FROM surveys_participant
    WHERE id = ANY(%(participants)s) AND status = 'enrolled' AND unsubscribed_at IS NULL
"""

_LETTER_COLUMNS = (  # the first of the candidates' columns
    *("id", "kind", "n_attempts", "occasion_id", "link_generation"),
    *("participant_id", "participant_key", "protocol_id", "wave", "language", "timezone"),
    *("form", "has_slot"),
)

_COUNT = f"SELECT count(*) {_FOUND}"

_REFUSE = """
    UPDATE surveys_message m SET state = v.state, why_not = v.why_not
    FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(reasons)s::text[]) v (id, state, why_not)
    WHERE m.id = v.id AND m.state = 'due'
"""

_PAUSE = """
    UPDATE surveys_message SET not_before = clock_timestamp() + %(pause)s
    WHERE id = ANY(%(ids)s)
"""

_MAILS_OF_A_DAY = """
    SELECT o.participant_id, count(*)
    FROM surveys_occasion o JOIN surveys_message m ON m.occasion_id = o.id
    WHERE o.participant_id = ANY(%(participants)s)
      AND (m.state = 'sending' OR (m.state IN ('sent', 'unknown', 'bounced')
           AND coalesce(m.sent_at, m.due_at) > %(now)s - interval '24 hours')
           OR (m.state = 'unknown' AND EXISTS (
               SELECT FROM surveys_deliveryattempt a WHERE a.message_id = m.id
               AND a.body_started_at > clock_timestamp() - interval '24 hours')))
    GROUP BY o.participant_id
"""

_CLAIM = """
    WITH claimed AS (
        UPDATE surveys_message m
        SET state = 'sending', n_attempts = n_attempts + 1, lease_token = %(token)s,
            lease_until = clock_timestamp() + %(lease)s, not_before = NULL, slot_at = NULL,
            language = coalesce(nullif(m.language, ''), p.language)
        FROM surveys_occasion o JOIN surveys_participant p ON p.id = o.participant_id
        WHERE m.id = ANY(%(ids)s) AND o.id = m.occasion_id AND {untaken}
        RETURNING m.id, m.n_attempts
    )
    INSERT INTO surveys_deliveryattempt (message_id, n, lease_token, began_at, outcome, reply)
    SELECT id, n_attempts, %(token)s, clock_timestamp(), 'pending', '' FROM claimed
    RETURNING message_id, id
"""

_RELEASE = """
    WITH untouched AS (
        DELETE FROM surveys_deliveryattempt
        WHERE message_id = ANY(%(ids)s) AND lease_token = %(token)s AND body_started_at IS NULL
        RETURNING message_id
    )
    UPDATE surveys_message m
    SET state = 'due', n_attempts = n_attempts - 1, lease_until = NULL, lease_token = NULL,
        not_before = v.at, slot_at = v.at
    FROM untouched JOIN unnest(%(ids)s::uuid[], %(slots)s::timestamptz[]) v (id, at)
        ON v.id = untouched.message_id
    WHERE m.id = untouched.message_id AND m.state = 'sending' AND m.lease_token = %(token)s
"""

_OVERDUE = """
    SELECT m.id, m.n_attempts, m.lease_token, a.body_started_at IS NOT NULL
    FROM surveys_message m
    LEFT JOIN surveys_deliveryattempt a ON a.message_id = m.id AND a.n = m.n_attempts
    WHERE m.state = 'sending' AND m.lease_until < clock_timestamp()
    ORDER BY m.lease_until
    FOR NO KEY UPDATE OF m SKIP LOCKED
"""


@dataclass(frozen=True)
class Claim:
    """Letters that this worker alone may send, and how many messages were refused for good."""

    token: UUID
    letters: tuple[Letter, ...]
    n_refused: int
    participants: frozenset[int]  # everybody whose turn this was; the rest of theirs comes later
    since: datetime | None  # what was due before only waits; the next claim begins here
    attempts: Mapping[UUID, int]  # the number of each message's attempt among all attempts

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was found."""
        return not (self.participants or self.n_refused)


def n_ready(*, now: datetime) -> int:
    """How many messages a claim at `now` would find."""
    return int(sql.rows(_COUNT, {"now": now, "since": None, "spared": []})[0][0])


@transaction.atomic(durable=True)
def claim(
    *,
    now: datetime,
    limit: int,
    cap: int,
    spared: Collection[int] = (),
    since: datetime | None = None,
    lease: timedelta = LEASE,
) -> Claim:
    """Take up to `limit` due messages for the length of `lease`, one a participant.

    The participants in `spared` have had their turn, and `since` spares a run's later claims the
    walk over what only waits, such as all messages of a paused study.

    Messages that must not go out any more leave `due` here, with the reason; in quiet hours they
    become due later. Participants who got `cap` mails within 24 hours of study time wait, or
    fewer where their protocol allows fewer.
    """
    values = {"now": now, "limit": limit, "spared": list(spared), "since": since}
    found = sql.rows(f"{_CANDIDATES} {LOCK}", values)
    refused = [row for row in found if row[-1]]
    _refuse(refused)
    wished = _together([_letter(row) for row in found if not row[-1]])
    asleep = quiet.put_off(wished, now=now)
    firsts: dict[int, Letter] = {}
    for letter in wished:
        if letter.id not in asleep:
            firsts.setdefault(letter.participant_id, letter)
    token = uuid4()
    wanted = [firsts[who] for who in _writable(firsts, now, cap)]
    taken = _take(wanted, token, lease)
    reached(Point.IN_CLAIM)
    return Claim(
        token,
        letters=tuple(each for each in wanted if each.id in taken),
        n_refused=len(refused),
        participants=frozenset(letter.participant_id for letter in wished),
        since=found[0][-3] if found else since,
        attempts=taken,
    )


def _together(letters: Sequence[Letter]) -> list[Letter]:
    """Those of them that may share a claim: one that failed often goes alone.

    A mail whose making ends its worker would else take its neighbours along at each attempt,
    until they are given up as well.
    """
    fresh = [letter for letter in letters if letter.n_attempts <= SUSPECT_AFTER]
    return fresh or list(letters[:1])


def release(
    letters: Iterable[Letter], token: UUID, slots: Mapping[UUID, datetime] | None = None
) -> int:
    """Give back what was claimed and never tried, as if it had not been claimed.

    `slots` are places in a domain's pace: real times before which a message does not go.
    """
    ids = [each.id for each in letters]
    at = [(slots or {}).get(pk) for pk in ids]
    return sql.execute(_RELEASE, {"ids": ids, "slots": at, "token": token})


@transaction.atomic(durable=True)
def cancel(letters: Sequence[Letter], token: UUID, why: WhyNot) -> int:
    """Give back what was claimed, and take it out of the plan for good."""
    release(letters, token)
    ids = [each.id for each in letters]
    states, reasons = [MessageState.CANCELLED] * len(ids), [why] * len(ids)
    return sql.execute(_REFUSE, {"ids": ids, "states": states, "reasons": reasons})


@transaction.atomic(durable=True)
def reap() -> int:
    """End the claims of workers that are gone; return how many messages reached an end.

    A body that had begun may have arrived, so its message becomes `unknown`; any other is due
    again after a pause.
    """
    n_ended = 0
    for message, n_attempts, token, is_started in sql.rows(_OVERDUE):
        kind = Kind.UNKNOWN if is_started else Kind.TEMPORARY
        outcome = Outcome(kind, "the worker stopped before the end")
        state = attempts.end_attempt(message, n_attempts, token, outcome, now=None)
        n_ended += state != MessageState.DUE
    return n_ended


def _letter(row: tuple[Any, ...]) -> Letter:
    opens_at, closes_at, due_at = row[-5:-2]
    return Letter(
        **dict(zip(_LETTER_COLUMNS, row, strict=False)),
        opens_at=opens_at or due_at,
        closes_at=closes_at or opens_at or due_at,
    )


def _take(letters: Sequence[Letter], token: UUID, lease: timedelta) -> dict[UUID, int]:
    """Put messages under this claim; return their attempts by those that were still free."""
    query = _CLAIM.format(untaken=UNTAKEN)
    values = {"ids": [each.id for each in letters], "token": token, "lease": lease}
    return dict(sql.rows(query, values))


def _refuse(rows: Sequence[tuple[Any, ...]]) -> None:
    """Move messages out of `due` for good, each with its reason."""
    if rows:
        states = [
            MessageState.MISSED if is_late and why not in NOT_MISSED else MessageState.CANCELLED
            for *_, is_late, why in rows
        ]
        reasons = [row[-1] for row in rows]
        sql.execute(_REFUSE, {"ids": [r[0] for r in rows], "states": states, "reasons": reasons})


def _writable(firsts: Mapping[int, Letter], now: datetime, cap: int) -> list[int]:
    """Who of them is nobody else's turn and below the cap; the others' messages wait."""
    if not firsts:
        return []
    free = dict(sql.rows(f"{_PARTICIPANTS} {TURN}", {"participants": list(firsts)}))
    caps = caps_of(free.values(), cap)
    counts = dict(sql.rows(_MAILS_OF_A_DAY, {"participants": list(free), "now": now}))
    capped = {who for who, protocol in free.items() if counts.get(who, 0) >= caps[protocol]}
    if capped:
        ids = [firsts[who].id for who in capped]
        sql.execute(_PAUSE, {"ids": ids, "pause": CAP_PAUSE})
    return [who for who in firsts if who in free.keys() - capped]
