"""What people ask for themselves: later reminders for one occasion, and a wave of their own.

Part of `actions`. Each holds the participant's row first and the occasion's second, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design import schedule
from surveys.design.protocol import Wave
from surveys.design.registry import protocol_of
from surveys.participants.models import Participant
from surveys.scheduling.answering import (
    ANSWERABLE,
    NOT_YET,
    OccasionClosed,
    OccasionNotOpen,
)
from surveys.scheduling.facts import ReadResults, dossiers, no_results, results_for
from surveys.scheduling.facts import hold as hold_participants
from surveys.scheduling.found import hold
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.planned import PlannedOccasion
from surveys.scheduling.planner import Planner
from surveys.scheduling.replanning import replan
from surveys.scheduling.states import OccasionState
from surveys.scheduling.waking import wake


class CannotSnooze(ValueError):
    """Not a moment at which somebody can be asked again."""


class CannotStart(ValueError):
    """The wave cannot be started by this participant now."""


class NotEnrolled(CannotStart):
    """The participant has withdrawn."""


class StudyPaused(CannotStart):
    """The study is paused."""


class NoSuchWave(CannotStart):
    """The protocol has no wave of that name that this participant may start."""


class StartedTooOften(CannotStart):
    """It was started as often as the protocol allows."""


class StartedTooSoon(CannotStart):
    """The last start is not long enough ago; `again_at` says when it may be."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(f"it can be started again at {again_at:%Y-%m-%d %H:%M} UTC")
        self.again_at = again_at


@transaction.atomic
def snooze(
    *,
    occasion: UUID,
    until: datetime,
    by: Actor,
    now: datetime,
    results: ReadResults = no_results,
) -> Occasion:
    """Send nothing for this occasion before `until`, an instant before it closes, but then.

    Its due messages move there or later, in their order and outside quiet hours; when there is
    none, one more reminder is planned. Raises OccasionNotOpen, OccasionClosed and CannotSnooze.
    """
    row = hold(occasion)
    if row.state in NOT_YET:
        raise OccasionNotOpen(row.state)
    if row.state not in ANSWERABLE or (row.closes_at and row.closes_at <= now):
        raise OccasionClosed(row.state)
    wakes_at = schedule.quiet(until, _quiet_hours(row), row.participant.timezone)
    if until <= now or (row.closes_at and wakes_at >= row.closes_at):
        raise CannotSnooze("choose a moment between now and the close")
    if row.snoozed_until == until:
        return row
    row.snoozed_until = until
    row.save(update_fields=["snoozed_until"])
    replan([row.participant], by=by, now=now, results=results)
    row.refresh_from_db(fields=["local"])
    wake(row, wakes_at)
    _record("occasion.snoozed", row, by, now, until=until.astimezone(UTC).isoformat())
    return row


def _quiet_hours(row: Occasion) -> tuple[str, str] | None:
    return protocol_of(row.protocol).quiet_hours


def startable(
    *, participant: Participant, now: datetime, results: ReadResults = no_results
) -> list[Wave]:
    """The waves that somebody may start now and has not open already; reads only."""
    if participant.status != Participant.Status.ENROLLED or participant.study.is_paused:
        return []
    protocol = protocol_of(participant.protocol)
    planner = Planner(protocol)
    read = results_for(results, [participant.pk], planner.results_needed)
    (dossier,) = dossiers([participant], read, are_held=False)
    theirs = [wave for wave in protocol.waves if planner.startable(wave.code, dossier.facts)]
    return [wave for wave in theirs if _may_start(wave, participant, now)]


def _may_start(rule: Wave, person: Participant, now: datetime) -> bool:
    earlier = list(Occasion.objects.filter(participant=person, wave=rule.code).order_by("nth"))
    try:
        _refuse_more(rule, earlier, person.timezone, now)
    except CannotStart:
        return False
    return not any(row.state in ANSWERABLE for row in earlier)


@transaction.atomic
def start_wave(
    *,
    participant: Participant,
    wave: str,
    by: Actor,
    now: datetime,
    results: ReadResults = no_results,
) -> Occasion:
    """Open an occasion of a wave that participants start themselves, or return the unfinished one.

    Nothing invites to it; its reminders are planned. Raises a kind of CannotStart.
    """
    (person,) = hold_participants([participant.pk])
    if person.status != Participant.Status.ENROLLED:
        raise NotEnrolled(f"{person.code} has withdrawn")
    if person.study.is_paused:
        raise StudyPaused("the study is paused")
    planner = Planner(protocol_of(person.protocol))
    read = results_for(results, [person.pk], planner.results_needed)
    (dossier,) = dossiers([person], read)
    rule = planner.startable(wave, dossier.facts)
    if rule is None:
        raise NoSuchWave(f"there is no wave '{wave}' to start")
    earlier = list(Occasion.objects.filter(participant=person, wave=wave).order_by("nth"))
    for row in earlier:
        if row.state in ANSWERABLE and (row.closes_at is None or row.closes_at > now):
            return row
    _refuse_more(rule, earlier, person.timezone, now)
    nth = earlier[-1].nth + 1 if earlier else 1
    row = _open(planner.started(rule, nth, now, person.timezone, person.form), person)
    _record("wave.started", row, by, now)
    replan([person], by=by, now=now, results=results)  # who pauses is not reminded either
    return row


def _refuse_more(rule: Wave, earlier: Sequence[Occasion], zone: str, now: datetime) -> None:
    if len(earlier) >= rule.schedule.times:
        raise StartedTooOften(f"'{rule.code}' was started {len(earlier)} times, which is the most")
    gap, last = rule.schedule.min_gap, earlier[-1].opens_at if earlier else None
    if gap and last and (again_at := schedule.after(last, gap, zone)) > now:
        raise StartedTooSoon(again_at)


def _open(planned: PlannedOccasion, person: Participant) -> Occasion:
    row = Occasion.objects.create(
        participant=person,
        protocol=person.protocol,
        wave=planned.wave,
        nth=planned.nth,
        state=OccasionState.OPEN,
        opens_at=planned.opens_at,
        closes_at=planned.closes_at,
        local=planned.local,
    )
    Message.objects.bulk_create(
        Message(occasion=row, kind=message.kind, nth=message.nth, due_at=message.due_at)
        for message in planned.messages
    )
    return row


def _record(event: str, row: Occasion, by: Actor, now: datetime, **data: str) -> None:
    log.record(
        event,
        by=by,
        at=now,
        study=row.participant.study.code,
        subject=row.participant.code,
        wave=row.wave,
        nth=row.nth,
        **data,
    )
