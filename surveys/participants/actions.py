"""What happens to one participant after enrolment: a date of their own, a move, an end.

Called by the pipeline. Each action locks the row, does nothing when nothing would change, and
leaves one audit event otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design import schedule, zones
from surveys.design.registry import protocol_of
from surveys.participants import trail
from surveys.participants.holding import hold
from surveys.participants.identity import actions as identity
from surveys.participants.identity import changes, signing_up
from surveys.participants.models import Anchor, Participant

LONGEST_PAUSE = timedelta(days=3653)


class Scope(StrEnum):
    """How far a withdrawal goes, from least to most."""

    KEEP_DATA = "keep_data"  # nothing further is asked; what was collected stays
    ERASE_CONTACT = "erase_contact"  # and name and address are deleted
    ERASE_DATA = "erase_data"  # and so are all answers


class UnknownAnchor(ValueError):
    """The protocol has no such date."""


class UnknownZone(ValueError):
    """The IANA database has no such zone."""


class UnknownLanguage(ValueError):
    """The study does not speak it."""


class UnknownReminders(ValueError):
    """Not a number of reminders that can be asked for."""


class UnknownScope(ValueError):
    """Not a way to withdraw."""


class NoPause(ValueError):
    """Not a day until which somebody can pause."""


class HasWithdrawn(ValueError):
    """The participant no longer takes part."""


@transaction.atomic
def set_anchor(*, participant: Participant, name: str, on: date, by: Actor, now: datetime) -> None:
    """Set one of the protocol's dates for one person, or correct it."""
    hold(participant)
    _refuse_withdrawn(participant)
    anchors = protocol_of(participant.protocol).anchors
    if name not in anchors:
        offered = ", ".join(anchors) or "none"
        raise UnknownAnchor(f"'{name}' is no date of this study's protocol ({offered})")
    before = participant.anchors.filter(name=name).first()
    if before and before.on == on:
        return
    Anchor.objects.update_or_create(participant=participant, name=name, defaults={"on": on})
    trail.record(
        "anchor.set",
        participant,
        by,
        now,
        name=name,
        before=before.on.isoformat() if before else None,
        after=on.isoformat(),
    )


@transaction.atomic
def set_timezone(*, participant: Participant, timezone: str, by: Actor, now: datetime) -> None:
    """Note the zone in which somebody lives now."""
    hold(participant)
    _refuse_withdrawn(participant)
    try:
        zones.checked(timezone)
    except ValueError as error:
        raise UnknownZone(str(error)) from error
    before = participant.timezone
    if before == timezone:
        return
    participant.timezone = timezone
    participant.pause_ends_at = _first_instant(participant.paused_until, timezone)
    participant.save(update_fields=["timezone", "pause_ends_at"])
    trail.record("participant.moved", participant, by, now, before=before, after=timezone)


@transaction.atomic
def set_language(*, participant: Participant, language: str, by: Actor, now: datetime) -> None:
    """Note the language of the study in which somebody wants to be asked from now on."""
    hold(participant)
    _refuse_withdrawn(participant)
    offered = protocol_of(participant.protocol).languages
    if language not in offered:
        raise UnknownLanguage(f"'{language[:12]}' is none of {', '.join(offered)}")
    before = participant.language
    if before == language:
        return
    participant.language = language
    participant.save(update_fields=["language"])
    trail.record("language.set", participant, by, now, before=before, after=language)


@transaction.atomic
def pause(*, participant: Participant, until: date, by: Actor, now: datetime) -> None:
    """Send nothing before `until`, a day in the participant's zone; another day corrects it."""
    hold(participant)
    _refuse_withdrawn(participant)
    today, _ = schedule.local(now, participant.timezone)
    if not today < until <= today + LONGEST_PAUSE:
        raise NoPause(f"{until} is not a day after {today}, at the most ten years later")
    if participant.paused_until == until:
        return
    before = _set_pause(participant, until)
    trail.record("participant.paused", participant, by, now, before=before, until=until.isoformat())


@transaction.atomic
def resume(*, participant: Participant, by: Actor, now: datetime) -> None:
    """End a pause before its day; one that is over stays as it was."""
    hold(participant)
    _refuse_withdrawn(participant)
    if participant.pause_ends_at is None or participant.pause_ends_at <= now:
        return
    before = _set_pause(participant, None)
    trail.record("participant.resumed", participant, by, now, before=before)


@transaction.atomic
def set_time_of_day(*, participant: Participant, at: time | None, by: Actor, now: datetime) -> None:
    """Note when somebody likes to be asked, to the minute; None for the study's own times."""
    hold(participant)
    _refuse_withdrawn(participant)
    wanted = at and at.replace(second=0, microsecond=0, tzinfo=None, fold=0)
    before = participant.time_of_day
    if before == wanted:
        return
    participant.time_of_day = wanted
    participant.save(update_fields=["time_of_day"])
    trail.record(
        "time_of_day.set", participant, by, now, before=_clock(before), after=_clock(wanted)
    )


@transaction.atomic
def set_reminders(*, participant: Participant, wanted: str, by: Actor, now: datetime) -> None:
    """Note how many reminders of each questionnaire somebody wants: "all", "one" or "none"."""
    hold(participant)
    _refuse_withdrawn(participant)
    if wanted not in Participant.Reminders.values:
        known = ", ".join(Participant.Reminders.values)
        raise UnknownReminders(f"'{wanted[:12]}' is none of {known}")
    before = participant.reminders
    if before == wanted:
        return
    participant.reminders = wanted
    participant.save(update_fields=["reminders"])
    trail.record("reminders.set", participant, by, now, before=before, after=wanted)


@transaction.atomic
def withdraw(
    *, participant: Participant, scope: str, reason: str, by: Actor, now: datetime
) -> None:
    """End participation. A later, wider scope adds to an earlier one; nothing is taken back."""
    hold(participant)
    try:
        wanted = Scope(scope)
    except ValueError as error:
        raise UnknownScope(f"'{scope}' is none of {', '.join(Scope)}") from error
    before = participant.withdrawal_scope
    if before and _width(wanted) <= _width(Scope(before)):
        return
    participant.status = Participant.Status.WITHDRAWN
    participant.withdrawn_at = participant.withdrawn_at or now
    participant.withdrawal_scope = wanted
    changes.drop(participant)
    if wanted is not Scope.KEEP_DATA:
        identity.forget(participant)
        signing_up.forget(participant)
        participant.panel_id, participant.parameters = "", {}  # a panel knows who that is
    participant.save(
        update_fields=["status", "withdrawn_at", "withdrawal_scope", "panel_id", "parameters"]
    )
    trail.record("participant.withdrawn", participant, by, now, reason=reason, scope=wanted.value)


@dataclass(frozen=True)
class Rotated:
    """What a rotation of keys did to people's contacts."""

    n_people: int  # written anew
    n_left: int  # still under an older key
    n_forgotten: int  # recognised by a fingerprint, which no rotation can make anew


def rotate_keys(*, by: Actor, now: datetime, batch: int = 500) -> Rotated:
    """Encrypt everybody's contact anew under the first key.

    Goes on where it was stopped, since each batch is a transaction of its own. Somebody may be
    left when a process that still has the older settings enrols meanwhile.
    """
    n_people = 0
    while n_done := _reseal(batch):
        n_people += n_done
    n_left = identity.count_under_old_keys() + signing_up.count_under_old_keys()
    done = Rotated(n_people, n_left, identity.count_forgotten())
    log.record("keys.rotated", by=by, at=now, n_people=n_people, n_left=done.n_left)
    return done


@transaction.atomic
def _reseal(batch: int) -> int:
    return identity.reseal(batch) or signing_up.reseal(batch)


def _set_pause(participant: Participant, until: date | None) -> str | None:
    """Write the day together with its first instant; return the day that was set before."""
    before = participant.paused_until
    participant.paused_until = until
    participant.pause_ends_at = _first_instant(until, participant.timezone)
    participant.save(update_fields=["paused_until", "pause_ends_at"])
    return before.isoformat() if before else None


def _first_instant(day: date | None, zone: str) -> datetime | None:
    return schedule.instant(day, time.min, zone) if day else None


def _clock(at: time | None) -> str | None:
    return at.isoformat("minutes") if at else None


def _width(scope: Scope) -> int:
    return list(Scope).index(scope)


def _refuse_withdrawn(participant: Participant) -> None:
    if participant.status == Participant.Status.WITHDRAWN:
        raise HasWithdrawn(f"{participant.code} withdrew on {participant.withdrawn_at:%Y-%m-%d}")
