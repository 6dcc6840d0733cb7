"""Making and remaking plans: the desired plan against the rows, and the difference written.

The one function is part of `actions`. A person's plan changes only while their participant row is
held, so two replans of one person come one after the other and the second finds nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.participants.models import Participant
from surveys.scheduling import rows
from surveys.scheduling.changes import Change, PlanChange
from surveys.scheduling.comparing import Compared, Planners, compare_all
from surveys.scheduling.counting import PlanCounts
from surveys.scheduling.facts import Dossier, ReadResults, hold, no_results
from surveys.scheduling.models import Occasion
from surveys.scheduling.moves import advance, drop_messages, drop_these
from surveys.scheduling.rows import NewPlan
from surveys.scheduling.states import Cause, MessageState, OccasionState, WhyNot
from surveys.scheduling.underway import Delay

CHUNK = 1000  # people at a time; bounds the memory


class Counted(NamedTuple):
    """One person's share of a replan, for the audit trail."""

    study: str
    code: str
    had_plan: bool
    counts: PlanCounts


@transaction.atomic
def replan(
    participants: Sequence[Participant],
    *,
    by: Actor,
    now: datetime,
    results: ReadResults = no_results,
) -> PlanCounts:
    """Bring these people's occasions and messages in line with their protocols and facts.

    `results` reads the answers and scores that conditions ask for, if any do. Safe to repeat.
    Leaves one `plan.made` for the people of a study who had no plan before, and a `plan.changed`
    for everybody else whose plan changed.
    """
    ids = sorted({participant.pk for participant in participants})
    planners = Planners(results)
    counted: list[Counted] = []
    for start in range(0, len(ids), CHUNK):
        compared = compare_all(hold(ids[start : start + CHUNK]), planners, now)
        _write([one for one in compared if one.change])
        write_delays([delay for one in compared for delay in one.delays])
        _adopt([one.dossier for one in compared], planners, now)
        counted += [_counted(one.dossier, one.change) for one in compared]
    _record(counted, by=by, now=now)
    return sum((one.counts for one in counted), PlanCounts())


def _write(compared: Sequence[Compared]) -> None:
    changes = [one.change for one in compared]
    rows.insert(
        [
            NewPlan(dossier.participant.pk, dossier.participant.protocol_id, change.create)
            for dossier, change, _ in compared
            if change.create
        ]
    )
    placed = [one for change in changes for one in (*change.move, *change.revive)]
    rows.rewrite(placed, OccasionState.PLANNED)
    _write_messages(placed)
    excluded = [one for change in changes for one in change.exclude]
    rows.rewrite(excluded, OccasionState.EXCLUDED)
    unmet = [one.before.id for one in excluded if one.after.cause == Cause.BRANCHED_OUT]
    drop_messages(unmet, MessageState.CANCELLED, WhyNot.CONDITION)
    drop_messages([one.before.id for one in excluded], MessageState.CANCELLED, WhyNot.REPLANNED)
    cancelled = [occasion.id for change in changes for occasion in change.cancel]
    advance(cancelled, OccasionState.CANCELLED, cause=Cause.NOT_IN_VERSION)
    drop_messages(cancelled, MessageState.CANCELLED, WhyNot.REPLANNED)


def write_delays(delayed: Sequence[Delay]) -> None:
    """What a pause, a snooze or a wish for fewer reminders does to occasions that are open."""
    rows.retell([(one.before.id, one.local) for one in delayed])
    for why_not in (WhyNot.PAUSED, WhyNot.SNOOZED, WhyNot.FEWER_REMINDERS):
        _write_messages([one for one in delayed if one.why_not == why_not], why_not)


def _write_messages(changes: Sequence[Change | Delay], why_not: WhyNot = WhyNot.REPLANNED) -> None:
    rows.insert_messages(
        [(one.before.id, message) for one in changes for message in one.messages.create]
    )
    rows.date_messages([d for one in changes for d in one.messages.move], MessageState.DUE)
    rows.date_messages([d for one in changes for d in one.messages.revive], MessageState.CANCELLED)
    rows.redate_messages([d for one in changes for d in one.messages.redate])
    drop_these([m.id for one in changes for m in one.messages.cancel], why_not)
    unwanted = [m.id for one in changes for m in one.messages.unwanted]
    drop_these(unwanted, WhyNot.FEWER_REMINDERS)


def _adopt(people: Sequence[Dossier], planners: Planners, now: datetime) -> None:
    """Let what is still to come follow the version that its participant has now."""
    members: dict[int, list[int]] = defaultdict(list)
    settled: list[UUID] = []
    for dossier in people:
        if dossier.existing:
            members[dossier.participant.protocol_id].append(dossier.participant.pk)
            settled += [row.id for row in dossier.existing.values() if row.is_settled]
    for protocol, participants in members.items():
        to_come = Occasion.objects.filter(
            Q(opens_at__gt=now) | Q(opens_at=None),  # what has begun stays as it was planned
            participant__in=participants,
            wave__in=planners[protocol].waves,
            state__in=(OccasionState.PLANNED, OccasionState.EXCLUDED),
        )
        to_come.exclude(Q(protocol=protocol) | Q(pk__in=settled)).update(protocol=protocol)


def _counted(dossier: Dossier, change: PlanChange) -> Counted:
    study, code = dossier.participant.study.code, dossier.facts.code
    return Counted(study, code, bool(dossier.existing), PlanCounts.of(change))


def _record(counted: Sequence[Counted], *, by: Actor, now: datetime) -> None:
    first: dict[str, list[Counted]] = defaultdict(list)
    again: dict[str, dict[str, Any]] = defaultdict(dict)
    for one in counted:
        if not (told := one.counts.changes):
            continue
        if one.had_plan:
            again[one.study][one.code] = told
        else:
            first[one.study].append(one)
    for study, told_of in again.items():
        log.record_several("plan.changed", told_of, by=by, at=now, study=study)
    for study, made in first.items():
        told = sum((one.counts for one in made), PlanCounts()).changes
        subject = made[0].code if len(made) == 1 else ""
        log.record(
            "plan.made", by=by, at=now, study=study, subject=subject, people=len(made), **told
        )
