"""The lock that every action on one participant takes first."""

from __future__ import annotations

from surveys.participants.models import Participant


def hold(participant: Participant) -> None:
    """Hold the row until the transaction ends, and bring the caller's object up to date."""
    rows = Participant.objects.select_related("study", "protocol")
    participant.refresh_from_db(from_queryset=rows.select_for_update(of=("self",), no_key=True))
