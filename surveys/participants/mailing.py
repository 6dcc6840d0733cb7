"""How somebody is written to: where, and whether they want mails. Called by the pipeline.

Wanting no mails is not withdrawing: the person takes part, and their links go on working.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from surveys.audit.actors import Actor
from surveys.lib.ids import uuid7
from surveys.participants import trail
from surveys.participants.addresses import BadAddress, parse
from surveys.participants.holding import hold
from surveys.participants.identity import actions as identity
from surveys.participants.models import Participant


class NoAddress(ValueError):
    """Nothing is known of this person any more."""


class AddressTaken(ValueError):
    """Another participant of the study has this address."""


def fingerprints(participant: Participant) -> list[bytes]:
    """Under what somebody's address may be suppressed, the active key's first; empty without one."""
    contact = identity.contacts_of([participant.pk]).get(participant.pk)
    return identity.address_indexes(contact.email) if contact else []


def address_of(participant: Participant) -> str:
    """Where somebody is written to; empty when nothing is known of them. For mails alone."""
    contact = identity.contacts_of([participant.pk]).get(participant.pk)
    return contact.email if contact else ""


def fingerprints_by_person(participants: Collection[int]) -> dict[int, list[bytes]]:
    """The same for many, in one query; who has no address is not in it."""
    contacts = identity.contacts_of(participants)
    return {who: identity.address_indexes(each.email) for who, each in contacts.items()}


def fingerprints_of(email: str) -> list[bytes]:
    """The same for an address that somebody else names; empty when it is none."""
    try:
        return identity.address_indexes(email)
    except BadAddress:
        return []


@transaction.atomic
def correct_address(*, participant: Participant, email: str, by: Actor, now: datetime) -> bool:
    """Note a participant's right address; False when it was right.

    The links to their own page end, since somebody else may have them. Raises BadAddress, AddressTaken and NoAddress. The audit trail holds that it was done, and by
    whom, but neither of the addresses.
    """
    hold(participant)
    address = parse(email)
    if not identity.contacts_of([participant.pk]):
        raise NoAddress(f"nothing is known of {participant.code} any more")
    owner = identity.find_all(participant.study, [address]).get(address, participant.pk)
    if owner != participant.pk:
        raise AddressTaken("this address belongs to somebody else in this study")
    is_new = identity.correct(participant, address)
    if is_new:
        participant.key = uuid7()
        participant.save(update_fields=["key"])
        trail.record("contact.corrected", participant, by, now)
    return is_new


@transaction.atomic
def unsubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Note that somebody wants no mails; False when that was known, or they have withdrawn."""
    hold(participant)
    has_withdrawn = participant.status == Participant.Status.WITHDRAWN
    if has_withdrawn or participant.unsubscribed_at is not None:
        return False
    participant.unsubscribed_at = now
    participant.save(update_fields=["unsubscribed_at"])
    trail.record("participant.unsubscribed", participant, by, now)
    return True


@transaction.atomic
def resubscribe(*, participant: Participant, by: Actor, now: datetime) -> bool:
    """Note that somebody wants mails again; False when they did all along, or have withdrawn."""
    hold(participant)
    has_withdrawn = participant.status == Participant.Status.WITHDRAWN
    if has_withdrawn or participant.unsubscribed_at is None:
        return False
    participant.unsubscribed_at = None
    participant.save(update_fields=["unsubscribed_at"])
    trail.record("participant.resubscribed", participant, by, now)
    return True
