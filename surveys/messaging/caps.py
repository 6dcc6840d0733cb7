"""How many messages a participant may get within 24 hours: the study's limit, the platform's at most."""

from __future__ import annotations

from collections.abc import Collection

from surveys.design.models import ProtocolVersion
from surveys.design.registry import protocol_of


def caps_of(protocols: Collection[int], platform: int) -> dict[int, int]:
    """The limit by protocol version; one query, however many people they hold for."""
    rows = ProtocolVersion.objects.defer("document").in_bulk(set(protocols))
    limits = {pk: protocol_of(row).messages_per_day for pk, row in rows.items()}
    return {pk: min(platform, limit or platform) for pk, limit in limits.items()}
