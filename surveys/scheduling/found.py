"""One occasion with its participant, study and protocol, in one statement: to look at, or held.

Every request behind a personal link begins with one of these. The documents stay unread; the
registries have them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from surveys.design.models import ProtocolVersion, Study
from surveys.lib.locks import NoTransaction
from surveys.lib.reading import Part, Reading
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion

_PARTS = (
    Part(Occasion, "o"),
    Part(Participant, "p"),
    Part(Study, "s", unread=("draft",)),
    Part(ProtocolVersion, "v", unread=("document",)),
)
_WHICH = """
    FROM surveys_occasion o
    JOIN surveys_participant p ON p.id = o.participant_id
    JOIN surveys_study s ON s.id = p.study_id
    JOIN surveys_protocolversion v ON v.id = o.protocol_id
    WHERE o.id = %(occasion)s
"""
_LOOK = Reading(_PARTS, _WHICH)
# Rows are locked in the order in which OF names them, and come as they are once they are locked.
_HOLD = Reading(_PARTS, f"{_WHICH} FOR NO KEY UPDATE OF p, o")


def find(occasion: UUID) -> Occasion:
    """The occasion as it is now; raises Occasion.DoesNotExist."""
    return _one(_LOOK, occasion)


def hold(occasion: UUID) -> Occasion:
    """The occasion, fresh and locked together with its participant until the transaction ends.

    Raises Occasion.DoesNotExist, and NoTransaction.
    """
    if not connection.in_atomic_block:
        raise NoTransaction("an occasion is held within a transaction")
    try:
        return _one(_HOLD, occasion)
    except Occasion.DoesNotExist:  # or it waited for who moved the occasion to another version
        return _one(_HOLD, occasion)


def _one(reading: Reading, occasion: UUID) -> Occasion:
    for row, participant, study, protocol in reading.rows(occasion=occasion):
        return _whole(row, participant, study, protocol)
    raise Occasion.DoesNotExist(f"there is no occasion {occasion}")


def _whole(row: Any, participant: Any, study: Any, protocol: Any) -> Occasion:
    participant.study = protocol.study = study  # a person's versions are all of their study
    if participant.protocol_id == protocol.pk:
        participant.protocol = protocol
    row.participant, row.protocol = participant, protocol
    whole: Occasion = row
    return whole
