"""The whole flow on one page: publish, enrol, plan, open, deliver, respond, close.

The faces and the Celery tasks call these functions and nothing deeper. Each is safe to run
twice: it reads the rows upstream, and its key in the database refuses the second effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.design import actions as design
from surveys.design import queries as design_queries
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Wave
from surveys.design.registry import protocol_of
from surveys.instruments import actions as instruments
from surveys.instruments.models import InstrumentVersion
from surveys.instruments.wording import Sheet
from surveys.lib.crashpoints import Point, reached
from surveys.lib.deadlocks import repeated
from surveys.messaging import (
    bounces,
    delivery,
    evidence,
    holding,
    inviting,
    notifying,
    resending,
    suppressions,
    telling,
)
from surveys.messaging.delivery import Delivered
from surveys.messaging.notifying import Notified, Words
from surveys.messaging.reports import Report, Verdict
from surveys.messaging.resending import Resent
from surveys.participants import actions as participants
from surveys.participants import copies, enrolment, joining, mailing, readdressing
from surveys.participants.actions import Scope
from surveys.participants.enrolment import EnrolmentResult
from surveys.participants.entries import Entry
from surveys.participants.joining import Application, Outcome
from surveys.participants.models import Participant
from surveys.responding import actions as responding
from surveys.responding import erasing
from surveys.responding.actions import PageSaved
from surveys.responding.results import results_of
from surveys.safety import alerts, cases
from surveys.safety.models import Alert
from surveys.scheduling import actions as scheduling
from surveys.scheduling import previewing
from surveys.scheduling.amending import Adopted
from surveys.scheduling.models import Occasion, Reconciliation
from surveys.scheduling.previewing import Affected, Amendment, Preview
from surveys.scheduling.reconciling import Reconciled


@dataclass(frozen=True)
class Published:
    """The new version, and whether everybody is under it already."""

    version: ProtocolVersion
    is_adopted: bool


@dataclass(frozen=True)
class Swept:
    """What one sweep over the clock did."""

    n_opened: int
    n_closed: int
    n_replanned: int


def preview(amendment: Amendment, *, now: datetime) -> Preview:
    """What publishing the draft would do to people's plans; nothing is written."""
    return previewing.preview(amendment, now=now, results=results_of)


def affected(
    amendment: Amendment, *, now: datetime, after: str, limit: int = previewing.SHOWN
) -> list[Affected]:
    """Whose plans publishing would change, the next behind the code `after`; nothing is written."""
    return previewing.affected(amendment, now=now, after=after, limit=limit, results=results_of)


@transaction.atomic
def publish(
    *, study: Study, reason: str, by: Actor, now: datetime, read: str | None = None
) -> Published:
    """Make the study's draft its next version, and bring the people of a small study to it.

    Those of a large one follow with `adopt`. `read` is the mark of the preview that was read.
    """
    version = design.publish(study=study, reason=reason, by=by, now=now, read=read)
    return Published(version, scheduling.adopt_if_few(version, by=by, now=now, results=results_of))


def add_wording(
    *, ref: str, sheet: Sheet, order: str, licence: str, by: Actor, now: datetime
) -> InstrumentVersion:
    """Make the next version of an instrument, with wording that a researcher holds the rights to."""
    return instruments.add_wording(
        ref=ref, sheet=sheet, order=order, licence=licence, by=by, now=now
    )


def adopt(*, now: datetime) -> Adopted:
    """Bring people to versions that were published lately, as many as fit into one run."""
    return scheduling.adopt_due(now=now, results=results_of)


def reconcile(*, now: datetime) -> Reconciled:
    """Compare live plans with what is asked for, as many as are due and fit into one run."""
    return scheduling.reconcile_due(now=now, results=results_of)


def reconcile_study(*, study: Study, repair: bool, by: Actor, now: datetime) -> Reconciliation:
    """Compare all live plans of one study because somebody asks, and make them right if asked."""
    return scheduling.reconcile_now(study, by=by, now=now, repair=repair, results=results_of)


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
    result = enrol(study=row.study, entries=[entry], source=joining.SOURCE, by=joining.BY, now=now)
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


@transaction.atomic
def withdraw(
    *, participant: Participant, scope: str, reason: str, by: Actor, now: datetime
) -> None:
    """End somebody's participation; nothing further is asked or sent. A wider scope adds.

    Idempotent. A page that is being saved meanwhile is saved before, or refused.
    """
    participants.withdraw(participant=participant, scope=scope, reason=reason, by=by, now=now)
    scheduling.cancel_remaining(participant=participant, by=by, now=now)
    if participant.withdrawal_scope == Scope.ERASE_DATA:
        erasing.erase(participant=participant, by=by, now=now)
        cases.forget(participant=participant)


@transaction.atomic
def leave(
    *, participant: Participant, scope: str, receipt: Words, by: Actor, now: datetime
) -> None:
    """Somebody ends their participation; the receipt is posted before the address is deleted."""
    telling.tell(participant, receipt, key=f"left:{participant.key}:{scope}")
    withdraw(participant=participant, scope=scope, reason="", by=by, now=now)


@transaction.atomic
def ask_copy(*, participant: Participant, words: Words, by: Actor, now: datetime) -> bool:
    """Mail somebody the link to a copy of their data; False when they cannot be written to.

    Raises TooManyCopies.
    """
    n_before = copies.ask(participant=participant, by=by, now=now)
    return telling.tell(participant, words, key=f"copy:{participant.key}:{n_before}")


def copy_made(*, participant: Participant, by: Actor, now: datetime) -> None:
    """Note that somebody takes a copy of their data along."""
    copies.made(participant=participant, by=by, now=now)


@transaction.atomic
def ask_address(
    *,
    participant: Participant,
    email: str,
    words: Callable[[UUID], Words],
    by: Actor,
    now: datetime,
) -> None:
    """Somebody wants to be reached elsewhere: mail a link there, unless the address is taken.

    `words` are made for what the link names. Raises BadAddress, NoAddress and TooManyWishes.
    """
    change = readdressing.ask(participant=participant, email=email, by=by, now=now)
    if change is not None:
        telling.tell(participant, words(change), key=f"address:{change}", to=email)


@transaction.atomic
def confirm_address(*, change: UUID, words: Words, now: datetime) -> Participant:
    """The mail arrived at the new address: write there from now on, and tell the old one.

    Raises NoSuchWish and AddressTaken.
    """
    participant, email = readdressing.take(change, now=now)
    telling.tell(participant, words, key=f"address-left:{change}")
    by = Actor.participant(participant.code)
    correct_address(participant=participant, email=email, by=by, now=now)
    return participant


@transaction.atomic
def unsubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Send somebody no more mails, though they still take part; False when that was so."""
    is_new = mailing.unsubscribe(participant=participant, by=by, now=now)
    if is_new:
        scheduling.silence(participant=participant)
    return is_new


@transaction.atomic
def resubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Write to somebody again, with what is still ahead; False when they never stopped that."""
    is_new = mailing.resubscribe(participant=participant, by=by, now=now)
    if is_new:
        scheduling.replan([participant], by=by, now=now, results=results_of)
        scheduling.unsilence(participant=participant, now=now)
    return is_new


@transaction.atomic
def correct_address(*, participant: Participant, email: str, by: Actor, now: datetime) -> bool:
    """Note somebody's right address, and send there what is open and did not reach them."""
    is_new = mailing.correct_address(participant=participant, email=email, by=by, now=now)
    if is_new:
        scheduling.send_after_all(participant=participant, now=now)
        scheduling.renew_links(participant=participant, now=now)
    return is_new


@transaction.atomic
def lift_suppression(*, participant: Participant, reason: str, by: Actor, now: datetime) -> bool:
    """Write to somebody's address again, beginning with what is open and did not reach them."""
    is_lifted = suppressions.lift(participant=participant, reason=reason, by=by, now=now)
    if is_lifted:
        scheduling.send_after_all(participant=participant, now=now)
    return is_lifted


@transaction.atomic
def note_mail_report(*, report: Report, now: datetime) -> bool:
    """Take into account what a mail provider reports; False when it is old or not about us.

    Raises bounces.TooSoon while the mail is being handed over.
    """
    participant = bounces.note(report, now=now)
    if participant is None:
        return False
    if report.kind == Verdict.UNSUBSCRIBED:
        unsubscribe(participant=participant, by=Actor.participant(participant.code), now=now)
    return True


def sweep(*, now: datetime) -> Swept:
    """Open and close windows, and replan the people whose earlier waves just ended."""
    readdressing.drop_expired(now=now)
    n_opened = scheduling.open_due(now=now, results=results_of)
    closed = scheduling.close_due(now=now, results=results_of)
    joining.delete_expired(now=now)
    return Swept(n_opened, closed.n_closed, closed.n_replanned)


def deliver(*, now: datetime) -> Delivered:
    """Send what is due, as much as fits into one run."""
    return delivery.deliver_due(now=now)


def notify(*, now: datetime) -> Notified:
    """Escalate alerts that nobody took, then send the mails that belong to no plan.

    As many as fit into one run.
    """
    alerts.escalate_due(now=now)
    return notifying.deliver_due(now=now)


@transaction.atomic
def resend(*, message: UUID, by: Actor, now: datetime) -> bool:
    """Have a message sent again that may or may not have arrived; False when it is on its way."""
    return resending.resend(message=message, by=by, now=now)


def resend_all(*, messages: Sequence[UUID], by: Actor, now: datetime) -> Resent:
    """The same for many, each in a transaction of its own."""
    return resending.resend_all(messages=messages, by=by, now=now)


@transaction.atomic
def hold(*, reason: str, by: Actor, now: datetime) -> None:
    """Send nothing, whatever is due, until a person releases it."""
    holding.hold(reason=reason, by=by, now=now)


@transaction.atomic
def release(*, doubt_until: datetime | None, by: Actor, now: datetime) -> int:
    """Send again; what was due by `doubt_until` may have been sent and becomes unknown instead."""
    return holding.release(doubt_until=doubt_until, by=by, now=now)


@repeated
@transaction.atomic
def open_link(*, occasion: UUID, now: datetime, is_mailed: bool = True) -> Occasion:
    """Somebody pressed Start behind a personal link; when a mail brought it, it has arrived."""
    opened = scheduling.open_link(occasion=occasion, now=now)
    if is_mailed:
        evidence.link_opened(occasion=opened, now=now)
    return opened


@repeated
@transaction.atomic
def save_page(
    *,
    occasion: UUID,
    instrument: str,
    page: int,
    posted: Mapping[str, str],
    forward: bool,
    now: datetime,
    by_itself: bool = False,
) -> PageSaved:
    """Keep one page of answers, and raise the safety alerts that they ask for.

    After the last page of all, complete and replan.
    """
    saved = responding.save_page(
        occasion=occasion,
        instrument=instrument,
        page=page,
        posted=posted,
        forward=forward,
        now=now,
        by_itself=by_itself,
    )
    if saved.completed:
        participant = saved.occasion.participant
        scheduling.replan(
            [participant], by=Actor.participant(participant.code), now=now, results=results_of
        )
    is_new = alerts.raise_for(occasion=saved.occasion, instrument=instrument, now=now)
    reached(Point.IN_SAVE)
    return replace(saved, raised=is_new)


def acknowledge(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Somebody looks after an alert from now on; nobody else is called."""
    cases.acknowledge(alert=alert, by=by, now=now)


def note_on_alert(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """Keep what somebody did about an alert."""
    cases.note(alert=alert, words=words, by=by, now=now)


def close_alert(*, alert: Alert, words: str, by: Actor, now: datetime) -> None:
    """End an alert with a note of what was done."""
    cases.close(alert=alert, words=words, by=by, now=now)


def look_at_alert(*, alert: Alert, by: Actor, now: datetime) -> None:
    """Note that somebody is shown the answers behind an alert."""
    cases.look(alert=alert, by=by, now=now)


def drill(*, study: Study, rule: str, by: Actor, now: datetime) -> Alert:
    """Raise an alert about nobody, so that a team tries its chain."""
    return cases.drill(study=study, rule=rule, by=by, now=now)
