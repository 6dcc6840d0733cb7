"""Notifications to participants: a receipt, a link to confirm, that an address was changed.

The pipeline calls this in the transaction of what it tells of, so that the one is not without
the other.
"""

from __future__ import annotations

from surveys.design.registry import protocol_of
from surveys.messaging import notifying
from surveys.messaging.models import Suppression
from surveys.messaging.notifying import Words
from surveys.participants import mailing
from surveys.participants.models import Participant


def tell(participant: Participant, words: Words, *, key: str, to: str = "") -> bool:
    """Have words mailed to a participant, at their own address or at `to`; once for each key.

    False when there is no address, nothing is sent to it, or it was posted before.
    """
    address = to or mailing.address_of(participant)
    prints = mailing.fingerprints_of(address)
    if not prints or Suppression.objects.filter(address_index__in=prints).exists():
        return False
    return notifying.post(
        key=key,
        to=address,
        words=words,
        reply_to=protocol_of(participant.protocol).contact.email,
        recipient=participant.code,
        about=participant.study.code,
    )
