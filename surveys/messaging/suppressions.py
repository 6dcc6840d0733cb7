"""Addresses to which nothing is sent, in whatever study: asking, adding, lifting.

They are known by keyed fingerprints, one for each key in use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.messaging.models import Suppression
from surveys.participants import mailing
from surveys.participants.models import Participant
from surveys.scheduling.models import Message


def suppressed(addresses: Mapping[UUID, Collection[bytes]]) -> set[UUID]:
    """The messages whose address is suppressed; fingerprints by message, one for each key."""
    every = [index for indexes in addresses.values() for index in indexes]
    if not every:
        return set()
    rows = Suppression.objects.filter(address_index__in=every)
    found = {bytes(index) for index in rows.values_list("address_index", flat=True)}
    return {pk for pk, indexes in addresses.items() if found & set(indexes)} if found else set()


def of_all(participants: Collection[int]) -> dict[int, Suppression]:
    """The same for many, by participant id, in a fixed number of queries; the rest may be written to."""
    if not Suppression.objects.exists():
        return {}
    indexes = mailing.fingerprints_by_person(participants)
    every = {index for found in indexes.values() for index in found}
    rows = Suppression.objects.filter(address_index__in=every).order_by("-since")
    by_index = {bytes(row.address_index): row for row in rows}
    return {
        who: by_index[index]
        for who, found in indexes.items()
        for index in found
        if index in by_index
    }


def n_complaints(study: Study) -> int:
    """How many addresses are suppressed because their owner called a mail of this study unwanted."""
    complaints = Suppression.objects.filter(reason=Suppression.Reason.COMPLAINT)
    return complaints.filter(message__occasion__participant__study=study).count()


def of(participant: Participant) -> Suppression | None:
    """Why nothing is sent to somebody's address, if so."""
    rows = Suppression.objects.filter(address_index__in=mailing.fingerprints(participant))
    return rows.order_by("since").first()


def suppress(
    indexes: Sequence[bytes],
    reason: Suppression.Reason,
    *,
    message: Message,
    detail: str,
    now: datetime,
) -> bool:
    """Send nothing more to an address, by its fingerprints; False when that was so."""
    if Suppression.objects.filter(address_index__in=indexes).exists():
        return False
    _, is_new = Suppression.objects.get_or_create(
        address_index=indexes[0],
        defaults={"reason": reason, "since": now, "message": message, "detail": detail},
    )
    return is_new


@transaction.atomic
def lift(*, participant: Participant, reason: str, by: Actor, now: datetime) -> bool:
    """Write to somebody's address again, in every study; False when nothing kept us from it."""
    rows = Suppression.objects.filter(address_index__in=mailing.fingerprints(participant))
    n_lifted, _ = rows.delete()
    if n_lifted:
        log.record(
            "suppression.lifted",
            by=by,
            at=now,
            study=participant.study.code,
            subject=participant.code,
            reason=reason,
        )
    return bool(n_lifted)
