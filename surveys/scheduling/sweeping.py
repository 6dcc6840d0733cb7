"""Opening and closing windows when their time has come; part of `actions`.

Each batch claims its rows with SKIP LOCKED in a transaction of its own, so that any number of
sweeps may run at once, and a sweep that dies leaves nothing half done: the people whose plan hangs
on what closed are planned again in the same transaction. One unusable row stops nobody else's.

An occasion with a condition (`only_if`) opens once the condition is met. While it is undecided,
because an earlier wave still runs, the occasion stays planned. If it is still undecided when its
own window closes it expires; it is branched out only when the condition is finally unmet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from surveys.audit.actors import Actor
from surveys.design.conditions import names_in
from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol
from surveys.design.registry import protocol_of
from surveys.participants.models import Participant
from surveys.scheduling.causes import condition, values_in
from surveys.scheduling.facts import ReadResults, ended_waves, no_results, results_for
from surveys.scheduling.isolation import do_usable
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.moves import advance, drop_messages, end_messages
from surveys.scheduling.replanning import replan
from surveys.scheduling.states import Cause, MessageKind, MessageState, OccasionState, WhyNot

BATCH = 1000


@dataclass(frozen=True)
class Closed:
    """How many occasions expired, and how many people were planned again because of what ended."""

    n_closed: int
    n_replanned: int


class Verdicts(NamedTuple):
    """Occasions by what their wave's condition says; those without one are met."""

    met: list[UUID]
    unmet: list[UUID]
    undecided: list[UUID]


def open_due(*, now: datetime, results: ReadResults = no_results) -> int:
    """Open what is due where nothing is paused; return how many occasions opened.

    What would close before its participant's pause ends does not open at all.
    """
    outlasts = Q(participant__pause_ends_at=None) | Q(participant__pause_ends_at__lt=F("closes_at"))
    due = Occasion.objects.filter(
        outlasts,
        state=OccasionState.PLANNED,
        opens_at__lte=now,
        closes_at__gt=now,
        participant__study__is_paused=False,
    )
    opened: list[UUID] = []

    def open_met(batch: Sequence[Occasion]) -> None:
        verdicts = _verdicts(batch, results)
        advance(verdicts.met, OccasionState.OPEN)
        _branch_out(verdicts.unmet)
        opened.extend(verdicts.met)

    _each_batch(due, "opens_at", open_met)
    return len(opened)


def close_due(*, now: datetime, results: ReadResults = no_results) -> Closed:
    """End what has closed, opened or not, and plan the people again whose plan hangs on that.

    A plan hangs on the end of a wave when a later one counts from its completion or asks for it.
    """
    expired, replanned = set[UUID](), set[int]()

    def end(batch: Sequence[Occasion]) -> None:
        ended = _end(batch, now, results)
        waiting = _waiting_for(batch)
        replan(waiting, by=Actor.system("sweep"), now=now, results=results)
        expired.update(ended)
        replanned.update(participant.pk for participant in waiting)

    for rows, by_time in _over(now):
        _each_batch(rows, by_time, end)
    return Closed(len(expired), len(replanned))


def claim(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
    """The next batch that no other sweep has, with its participants; held until the end.

    Somebody whose row another transaction holds is left to the next sweep.
    """
    held = rows.select_for_update(of=("participant", "self"), no_key=True, skip_locked=True)
    return list(held.select_related("participant").order_by(by_time, "pk")[:BATCH])


def _each_batch(
    rows: QuerySet[Occasion], by_time: str, work: Callable[[Sequence[Occasion]], None]
) -> None:
    passed = Q()
    while True:
        with transaction.atomic():
            batch = claim(rows.filter(passed), by_time)
            if not batch:
                return
            do_usable(batch, work)
        # What is undecided or unusable stays: the next batch begins behind it.
        last, at = batch[-1], getattr(batch[-1], by_time)
        passed = Q((f"{by_time}__gt", at)) | Q((by_time, at), pk__gt=last.pk)


def _over(now: datetime) -> list[tuple[QuerySet[Occasion], str]]:
    """The occasions that have closed, as one query for each of the two indexes, with its order."""
    running = Occasion.objects.filter(
        state__in=(OccasionState.OPEN, OccasionState.STARTED), closes_at__lte=now
    )
    never_opened = Occasion.objects.filter(
        state=OccasionState.PLANNED, opens_at__lt=now, closes_at__lte=now
    )
    return [(running, "closes_at"), (never_opened, "opens_at")]


def _end(batch: Sequence[Occasion], now: datetime, results: ReadResults) -> list[UUID]:
    """End a batch of what has closed; return what expired."""
    paused = _paused(batch)
    never_opened = [o for o in batch if o.state == OccasionState.PLANNED]
    unmet = set(_verdicts(never_opened, results).unmet) - paused
    over = [o for o in batch if o.pk not in unmet | paused]
    unanswerable = {o.pk for o in over if _waits_for_consent(o)}
    expired = [o.pk for o in over]
    advance(unanswerable, OccasionState.EXPIRED, cause=Cause.CONSENT_PENDING, ended_at=now)
    advance(set(expired) - unanswerable, OccasionState.EXPIRED, ended_at=now)
    end_messages(expired, now)
    _branch_out(unmet)
    advance(paused, OccasionState.CANCELLED, cause=Cause.PAUSED, ended_at=now)
    drop_messages(paused, MessageState.CANCELLED, WhyNot.PAUSED)
    return expired


def _waits_for_consent(occasion: Occasion) -> bool:
    """Whether it opened, and closes without its participant's consent to a new text."""
    has_opened = occasion.state != OccasionState.PLANNED
    return has_opened and occasion.participant.consent_pending_since is not None


def _branch_out(occasions: Iterable[UUID]) -> None:
    unmet = list(occasions)
    advance(unmet, OccasionState.EXCLUDED, cause=Cause.BRANCHED_OUT)
    drop_messages(unmet, MessageState.CANCELLED, WhyNot.CONDITION)


def _paused(batch: Sequence[Occasion]) -> set[UUID]:
    """What a pause of study or participant kept from opening, or from being invited to once open."""
    kept_back = Message.objects.filter(
        Q(state=MessageState.DUE) | Q(why_not=WhyNot.PAUSED),
        occasion=OuterRef("pk"),
        kind=MessageKind.INVITATION,
    )
    untouched = Q(state=OccasionState.OPEN, link_opened_at=None) & Exists(kept_back)
    paused = Occasion.objects.filter(
        Q(state=OccasionState.PLANNED) | untouched,
        Q(participant__study__is_paused=True) | Q(participant__pause_ends_at__gte=F("closes_at")),
        pk__in=[occasion.pk for occasion in batch],
    )
    return set(paused.values_list("pk", flat=True))


def _verdicts(batch: Sequence[Occasion], read: ReadResults) -> Verdicts:
    protocols = _protocols({occasion.protocol_id for occasion in batch})
    conditions = {o.pk: protocols[o.protocol_id].by_code[o.wave].only_if for o in batch}
    conditional = [occasion for occasion in batch if conditions[occasion.pk]]
    people = {o.participant_id for o in conditional}
    ended = ended_waves(people) if people else {}
    results = results_for(read, people, values_in(conditions.values()))
    found: dict[bool | None, list[UUID]] = defaultdict(list)
    for occasion in batch:
        only_if = conditions[occasion.pk]
        who = occasion.participant_id
        holds = condition(only_if, ended[who], results.get(who, {})) if only_if else True
        found[holds].append(occasion.pk)
    return Verdicts(found[True], found[False], found[None])


def _waiting_for(batch: Sequence[Occasion]) -> list[Participant]:
    """The participants whose protocol has a wave that hangs on one that has just ended."""
    people = {occasion.participant_id: occasion.participant for occasion in batch}
    protocols = _protocols({person.protocol_id for person in people.values()})
    hung_on = {pk: _hung_on(protocol) for pk, protocol in protocols.items()}
    waiting = {
        o.participant_id for o in batch if o.wave in hung_on[people[o.participant_id].protocol_id]
    }
    return [people[pk] for pk in sorted(waiting)]


def _hung_on(protocol: Protocol) -> set[str]:
    anchors = {(wave.schedule.anchor or "").rpartition(".completed")[0] for wave in protocol.waves}
    asked = {name for w in protocol.waves if w.only_if for name in names_in(w.only_if)}
    return anchors | asked


def _protocols(versions: Iterable[int]) -> dict[int, Protocol]:
    rows = ProtocolVersion.objects.in_bulk(set(versions))
    return {pk: protocol_of(row) for pk, row in rows.items()}
