"""People: enrol them, and plan anew when something about them changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.design import queries as design_queries
from surveys.design.models import Study
from surveys.design.protocol import Wave
from surveys.design.registry import protocol_of
from surveys.lib.deadlocks import repeated
from surveys.messaging import inviting
from surveys.participants import actions as participants
from surveys.participants import enrolment, joining
from surveys.participants.enrolment import EnrolmentResult
from surveys.participants.entries import Entry
from surveys.participants.joining import Application, Outcome
from surveys.participants.models import Participant
from surveys.participants.sign_up_counts import SOURCE
from surveys.responding.results import results_of
from surveys.scheduling import actions as scheduling
from surveys.scheduling.models import Occasion


@transaction.atomic
def enrol(
    *, study: Study, entries: Sequence[Entry], source: str, by: Actor, now: datetime
) -> EnrolmentResult:
    """Enrol people with their consent, allocate them, and plan their occasions: all or none."""
    result = enrolment.enrol(study=study, entries=entries, source=source, by=by, now=now)
    scheduling.replan(result.created, by=by, now=now, results=results_of)
    return result


@repeated
@transaction.atomic
def ask_to_join(*, study: Study, application: Application, now: datetime) -> Outcome | None:
    """Somebody signed up: have them confirm it by a mail, or enrol them where the study says so.

    Returns what became of them, None while they have to confirm. Raises joining.NotOpen.
    """
    sign_up = joining.ask(study=study, application=application, now=now)
    if sign_up is None:
        return None
    protocol = protocol_of(design_queries.current(study))
    outcome = None if joining.must_confirm(protocol) else join(sign_up=sign_up, now=now)
    if outcome not in {None, Outcome.JOINED}:
        joining.drop(sign_up)
        return outcome
    inviting.post(
        sign_up=sign_up,
        protocol=protocol,
        application=application,
        has_joined=outcome is Outcome.JOINED,
    )
    return outcome


@repeated
@transaction.atomic
def join(*, sign_up: UUID, now: datetime) -> Outcome:
    """Enrol, allocate and plan somebody who confirmed; once, however often they confirm.

    Raises joining.NoSuchSignUp.
    """
    row = joining.hold(sign_up, now=now)
    if row.participant_id is not None:
        return Outcome.JOINED
    if hurdle := joining.hurdle(row, now=now):
        return hurdle
    entry = joining.entry_of(row)
    result = enrol(study=row.study, entries=[entry], source=SOURCE, by=joining.BY, now=now)
    joining.note_joined(row, [*result.created, *result.already][0])
    return Outcome.JOINED


@transaction.atomic
def set_anchor(*, participant: Participant, name: str, on: date, by: Actor, now: datetime) -> None:
    """Set one person's own date, and plan the waves that hang on it."""
    participants.set_anchor(participant=participant, name=name, on=on, by=by, now=now)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def move(*, participant: Participant, timezone: str, by: Actor, now: datetime) -> None:
    """Note that somebody lives in another zone now; what is not yet due moves along."""
    participants.set_timezone(participant=participant, timezone=timezone, by=by, now=now)
    scheduling.ask_again(participant)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def set_language(*, participant: Participant, language: str, by: Actor, now: datetime) -> None:
    """Note somebody's language; what is not yet sent is written in it."""
    participants.set_language(participant=participant, language=language, by=by, now=now)


@transaction.atomic
def pause(*, participant: Participant, until: date, by: Actor, now: datetime) -> None:
    """Send somebody nothing before a day; what closes before it is not asked."""
    participants.pause(participant=participant, until=until, by=by, now=now)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def resume(*, participant: Participant, by: Actor, now: datetime) -> None:
    """End a pause early; what is still ahead comes back."""
    participants.resume(participant=participant, by=by, now=now)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def set_time_of_day(*, participant: Participant, at: time | None, by: Actor, now: datetime) -> None:
    """Note when somebody likes to be asked; waves with `own_time` that are ahead move there."""
    participants.set_time_of_day(participant=participant, at=at, by=by, now=now)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def set_reminders(*, participant: Participant, wanted: str, by: Actor, now: datetime) -> None:
    """Note how many reminders somebody wants; what is due and too many is not sent."""
    participants.set_reminders(participant=participant, wanted=wanted, by=by, now=now)
    scheduling.replan([participant], by=by, now=now, results=results_of)


@transaction.atomic
def snooze(*, occasion: UUID, until: datetime, by: Actor, now: datetime) -> Occasion:
    """Somebody wants to be reminded of an open occasion later."""
    return scheduling.snooze(occasion=occasion, until=until, by=by, now=now, results=results_of)


def startable(*, participant: Participant, now: datetime) -> list[Wave]:
    """The waves that somebody may start now; nothing is written."""
    return scheduling.startable(participant=participant, now=now, results=results_of)


@transaction.atomic
def start_wave(*, participant: Participant, wave: str, by: Actor, now: datetime) -> Occasion:
    """Somebody starts a wave that the protocol leaves to participants."""
    return scheduling.start_wave(
        participant=participant, wave=wave, by=by, now=now, results=results_of
    )
