"""Which of a batch's addresses are suppressed: nothing is sent there, in whatever study."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from surveys.messaging.models import Suppression


def suppressed(addresses: Mapping[UUID, Collection[bytes]]) -> set[UUID]:
    """The messages whose address is suppressed; fingerprints by message, one for each key."""
    every = [index for indexes in addresses.values() for index in indexes]
    if not every:
        return set()
    rows = Suppression.objects.filter(address_index__in=every)
    found = {bytes(index) for index in rows.values_list("address_index", flat=True)}
    return {pk for pk, indexes in addresses.items() if found & set(indexes)} if found else set()
