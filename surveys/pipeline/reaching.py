"""Where people are written to, and whether."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.messaging import bounces, suppressions, telling
from surveys.messaging.notifying import Words
from surveys.messaging.reports import Report, Verdict
from surveys.participants import mailing, readdressing
from surveys.participants.models import Participant
from surveys.responding.results import results_of
from surveys.scheduling import actions as scheduling


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
        _heed_reminders(participant, by, now)
    return is_new


@transaction.atomic
def correct_address(*, participant: Participant, email: str, by: Actor, now: datetime) -> bool:
    """Note somebody's right address, and send there what is open and did not reach them."""
    is_new = mailing.correct_address(participant=participant, email=email, by=by, now=now)
    if is_new:
        scheduling.send_after_all(participant=participant, now=now)
        _heed_reminders(participant, by, now)
        scheduling.renew_links(participant=participant, now=now)
    return is_new


@transaction.atomic
def lift_suppression(*, participant: Participant, reason: str, by: Actor, now: datetime) -> bool:
    """Write to somebody's address again, beginning with what is open and did not reach them."""
    is_lifted = suppressions.lift(participant=participant, reason=reason, by=by, now=now)
    if is_lifted:
        scheduling.send_after_all(participant=participant, now=now)
        _heed_reminders(participant, by, now)
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


def _heed_reminders(participant: Participant, by: Actor, now: datetime) -> None:
    """Take back what has just come back but is a reminder too many for this person."""
    if participant.most_reminders is not None:
        scheduling.replan([participant], by=by, now=now, results=results_of)
