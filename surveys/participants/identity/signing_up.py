"""Addresses of people who asked to join and are not enrolled yet. For `participants.joining`.

Fingerprinted as in `Person`, so that equal addresses are equal before and after joining.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from surveys.design.models import Study
from surveys.participants.addresses import normalise
from surveys.participants.identity.actions import index_context, keyring
from surveys.participants.identity.models import SignUp
from surveys.participants.models import Participant


def seal(row: SignUp, email: str) -> None:
    """Put an address into a row that is not saved yet."""
    ring = keyring()
    row.email = ring.encrypt(email, _context(row.id))
    row.email_index = ring.blind_index(normalise(email), index_context(row.study_id))


def address_of(row: SignUp) -> str:
    """The address of a sign-up; empty once it is gone. Raises CannotDecrypt."""
    return keyring().decrypt(row.email, _context(row.id)) if row.email else ""


def of_address(study: Study, email: str) -> QuerySet[SignUp]:
    """The sign-ups of one address that are still there."""
    indexes = keyring().blind_indexes(normalise(email), index_context(study.pk))
    return SignUp.objects.filter(study=study, email_index__in=indexes)


def forget(participant: Participant) -> None:
    """Delete what somebody who has joined said when they signed up."""
    SignUp.objects.filter(participant=participant).delete()


def reseal(limit: int) -> int:
    """Write up to `limit` sign-ups anew under the active key."""
    rows = list(_under_old_keys().order_by("pk").select_for_update()[:limit])
    for row in rows:
        seal(row, address_of(row))
    SignUp.objects.bulk_update(rows, ["email", "email_index"])
    return len(rows)


def count_under_old_keys() -> int:
    """How many addresses of sign-ups are not written under the active key."""
    return _under_old_keys().count()


def _under_old_keys() -> QuerySet[SignUp]:
    return SignUp.objects.exclude(email="").exclude(email__startswith=keyring().mark)


def _context(row: UUID) -> str:
    return f"surveys_signup:email:{row}"
