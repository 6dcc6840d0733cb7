"""The lock that every action on one participant takes first."""

from __future__ import annotations

from surveys.participants.models import Participant


def hold(participant: Participant) -> None:
    """Hold the row until the transaction ends, and bring the caller's object up to date.

    The lock comes alone: joined to the version, it would find nobody once it has waited for a
    transaction that moves the person to another one.
    """
    Participant.objects.select_for_update(no_key=True).only("pk").get(pk=participant.pk)
    participant.refresh_from_db(
        from_queryset=Participant.objects.select_related("study", "protocol")
    )
