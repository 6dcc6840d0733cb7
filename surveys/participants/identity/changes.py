"""An address that somebody wants to be reached at, until the mail to it is answered."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from surveys.lib.ids import uuid7
from surveys.participants.identity.actions import keyring
from surveys.participants.identity.models import AddressChange
from surveys.participants.models import Participant


def propose(participant: Participant, email: str, *, expires_at: datetime) -> UUID:
    """Keep the wish in place of an earlier one; return what its link names."""
    pk = uuid7()
    AddressChange.objects.filter(participant=participant).delete()
    AddressChange.objects.create(
        id=pk,
        participant=participant,
        email=keyring().encrypt(email, _context(pk)),
        expires_at=expires_at,
    )
    return pk


def pending(change: UUID, *, now: datetime) -> AddressChange | None:
    """The wish, while it can be confirmed."""
    rows = AddressChange.objects.select_related("participant__study", "participant__protocol")
    return rows.filter(pk=change, expires_at__gt=now).first()


def address_of(change: AddressChange) -> str:
    """The address that is wanted; raises CannotDecrypt."""
    return keyring().decrypt(change.email, _context(change.pk))


def drop(participant: Participant) -> None:
    """Forget what somebody wished for."""
    AddressChange.objects.filter(participant=participant).delete()


def drop_expired(*, now: datetime) -> int:
    """Forget wishes that nobody confirmed in time; return how many."""
    return AddressChange.objects.filter(expires_at__lte=now).delete()[0]


def _context(pk: UUID) -> str:
    return f"surveys_addresschange:email:{pk}"
