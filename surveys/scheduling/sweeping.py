"""Opening and closing windows when their time has come; part of `actions`.

Each batch claims its rows with SKIP LOCKED in a transaction of its own, so that any number of
sweeps may run at once, and a sweep that dies leaves nothing half done.

An occasion with a condition (`only_if`) opens once the condition is met. While it is undecided,
because an earlier wave still runs, the occasion stays planned. If it is still undecided when its
own window closes it expires; it is branched out only when the condition is finally unmet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from surveys.design.conditions import names_in
from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.participants.models import Participant
from surveys.scheduling.facts import ended_waves
from surveys.scheduling.models import Occasion
from surveys.scheduling.moves import advance, drop_messages, end_messages
from surveys.scheduling.planner import condition
from surveys.scheduling.states import Cause, MessageState, OccasionState, WhyNot

BATCH = 1000


@dataclass(frozen=True)
class Closed:
    """How many occasions expired, and the people whose plan may hang on that."""

    n_closed: int
    participants: list[Participant]


class Ended(NamedTuple):
    """What one batch came to."""

    n_expired: int
    people: set[int]


class Verdicts(NamedTuple):
    """Occasions by what their wave's condition says; those without one are met."""

    met: list[UUID]
    unmet: list[UUID]
    undecided: list[UUID]


def open_due(*, now: datetime) -> int:
    """Open what is due in studies that are not paused; return how many occasions opened."""
    due = Occasion.objects.filter(
        state=OccasionState.PLANNED,
        opens_at__lte=now,
        closes_at__gt=now,
        participant__study__is_paused=False,
    )
    n_opened, passed = 0, Q()
    while True:
        with transaction.atomic():
            batch = claim(due.filter(passed), "opens_at")
            if not batch:
                return n_opened
            verdicts = _verdicts(batch)
            n_opened += advance(verdicts.met, OccasionState.OPEN)
            _branch_out(verdicts.unmet)
        # Undecided ones stay due: the next batch begins behind them.
        last = batch[-1]
        passed = Q(opens_at__gt=last.opens_at) | Q(opens_at=last.opens_at, pk__gt=last.pk)


def close_due(*, now: datetime) -> Closed:
    """End what has closed, opened or not; return how many, and whom to plan again because of it.

    A plan hangs on the end of a wave when a later one counts from its completion or asks for it.
    """
    n_closed, people = 0, set[int]()
    for rows, by_time in _over(now):
        while ended := _end_batch(rows, by_time, now):
            n_closed += ended.n_expired
            people |= ended.people
    waiting = Participant.objects.filter(pk__in=people).order_by("pk")
    return Closed(n_closed, list(waiting))


def claim(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
    """The next batch that no other sweep has; held until the transaction ends."""
    held = rows.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return list(held.order_by(by_time, "pk")[:BATCH])


def _over(now: datetime) -> list[tuple[QuerySet[Occasion], str]]:
    """The occasions that have closed, as one query for each of the two indexes, with its order."""
    running = Occasion.objects.filter(
        state__in=(OccasionState.OPEN, OccasionState.STARTED), closes_at__lte=now
    )
    never_opened = Occasion.objects.filter(
        state=OccasionState.PLANNED, opens_at__lt=now, closes_at__lte=now
    )
    return [(running, "closes_at"), (never_opened, "opens_at")]


@transaction.atomic
def _end_batch(rows: QuerySet[Occasion], by_time: str, now: datetime) -> Ended | None:
    """End the next batch of what has closed; None when there is no more."""
    batch = claim(rows, by_time)
    if not batch:
        return None
    never_opened = [o for o in batch if o.state == OccasionState.PLANNED]
    paused = _paused(never_opened)
    unmet = set(_verdicts(never_opened).unmet) - paused
    expired = [o.pk for o in batch if o.pk not in unmet | paused]
    advance(expired, OccasionState.EXPIRED, ended_at=now)
    end_messages(expired, now)
    _branch_out(unmet)
    advance(paused, OccasionState.CANCELLED, cause=Cause.PAUSED, ended_at=now)
    drop_messages(paused, MessageState.CANCELLED, WhyNot.PAUSED)
    return Ended(len(expired), _waiting_for(batch))


def _branch_out(occasions: Iterable[UUID]) -> None:
    unmet = list(occasions)
    advance(unmet, OccasionState.EXCLUDED, cause=Cause.BRANCHED_OUT)
    drop_messages(unmet, MessageState.CANCELLED, WhyNot.CONDITION)


def _paused(occasions: Sequence[Occasion]) -> set[UUID]:
    ids = [occasion.pk for occasion in occasions]
    paused = Occasion.objects.filter(pk__in=ids, participant__study__is_paused=True)
    return set(paused.values_list("pk", flat=True)) if ids else set()


def _verdicts(batch: Sequence[Occasion]) -> Verdicts:
    protocols = _protocols({occasion.protocol_id for occasion in batch})
    conditions = {o.pk: protocols[o.protocol_id].by_code[o.wave].only_if for o in batch}
    conditional = [occasion for occasion in batch if conditions[occasion.pk]]
    ended = ended_waves({o.participant_id for o in conditional}) if conditional else {}
    found: dict[bool | None, list[UUID]] = defaultdict(list)
    for occasion in batch:
        only_if = conditions[occasion.pk]
        holds = condition(only_if, ended[occasion.participant_id]) if only_if else True
        found[holds].append(occasion.pk)
    return Verdicts(found[True], found[False], found[None])


def _waiting_for(batch: Sequence[Occasion]) -> set[int]:
    """The participants whose protocol has a wave that hangs on one that has just ended."""
    people = Participant.objects.filter(pk__in={occasion.participant_id for occasion in batch})
    versions = dict(people.values_list("pk", "protocol"))
    hung_on = {pk: _hung_on(protocol) for pk, protocol in _protocols(versions.values()).items()}
    return {o.participant_id for o in batch if o.wave in hung_on[versions[o.participant_id]]}


def _hung_on(protocol: Protocol) -> set[str]:
    anchors = {(wave.schedule.anchor or "").rpartition(".completed")[0] for wave in protocol.waves}
    asked = {name for w in protocol.waves if w.only_if for name in names_in(w.only_if)}
    return anchors | asked


def _protocols(versions: Iterable[int]) -> dict[int, Protocol]:
    rows = ProtocolVersion.objects.in_bulk(set(versions))
    return {pk: protocol_of(row) for pk, row in rows.items()}
