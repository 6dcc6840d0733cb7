"""A new address by the participant's own wish, confirmed by a mail to it. Called by the pipeline.

Nobody learns whether an address is in use: for one that is taken nothing is kept and nothing is
sent, and whoever asked is told the same as ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib.crypto import CannotDecrypt
from surveys.participants.addresses import normalise, parse
from surveys.participants.holding import hold
from surveys.participants.identity import actions as identity
from surveys.participants.identity import changes
from surveys.participants.mailing import NoAddress
from surveys.participants.models import Participant

VALID_FOR = timedelta(days=3)
MOST_A_DAY = 5  # since each one is a mail to an address that somebody typed
ASKED = "address.asked"


class TooManyWishes(ValueError):
    """So many new addresses were asked for today that somebody may be misusing the page."""


class NoSuchWish(LookupError):
    """Expired, confirmed before, replaced by a later one, or never asked for."""


@transaction.atomic
def ask(*, participant: Participant, email: str, by: Actor, now: datetime) -> UUID | None:
    """Keep a wish for three days; return what its link names, None when nobody is to be written to.

    Raises BadAddress, NoAddress (also for who has withdrawn) and TooManyWishes.
    """
    hold(participant)
    address = parse(email)
    contact = identity.contacts_of([participant.pk]).get(participant.pk)
    if contact is None or participant.status == Participant.Status.WITHDRAWN:
        raise NoAddress(f"{participant.code} cannot be written to any more")
    study, code = participant.study.code, participant.code
    asked = Event.objects.filter(event=ASKED, study=study, subject=code)
    if asked.filter(at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooManyWishes
    log.record(ASKED, by=by, at=now, study=study, subject=code)
    changes.drop(participant)
    is_known = address in identity.find_all(participant.study, [address])
    if is_known or normalise(contact.email) == normalise(address):
        return None
    return changes.propose(participant, address, expires_at=now + VALID_FOR)


def asked_by(change: UUID, *, now: datetime) -> Participant:
    """Whose wish a link names; raises NoSuchWish. Reads only."""
    wish = changes.pending(change, now=now)
    if wish is None or wish.participant.status == Participant.Status.WITHDRAWN:
        raise NoSuchWish
    return wish.participant


@transaction.atomic
def take(change: UUID, *, now: datetime) -> tuple[Participant, str]:
    """Whose wish it is and the address, once: it is forgotten here. Raises NoSuchWish."""
    participant = asked_by(change, now=now)
    hold(participant)
    wish = changes.pending(change, now=now)
    if wish is None or participant.status == Participant.Status.WITHDRAWN:
        raise NoSuchWish
    try:
        address = changes.address_of(wish)
    except CannotDecrypt as error:  # the key of its time is gone
        raise NoSuchWish from error
    changes.drop(participant)
    return participant, address


def drop_expired(*, now: datetime) -> int:
    """Forget wishes that nobody confirmed in time; return how many."""
    return changes.drop_expired(now=now)
