"""Notices that the database is older than what was already sent: a backup was restored.

The delivery asks before it claims anything.
"""

from __future__ import annotations

from datetime import datetime

from surveys.audit.actors import Actor
from surveys.messaging import holding, origin
from surveys.messaging.memory import Mark, Memory

BY = Actor.system("deliver")
OLDER = (
    "The database is older than the mails that were sent from it: a backup seems to have been"
    " restored, and mails that went out since would go out again."
)
ELSEWHERE = (
    "The database stands on another server than before, and nothing is remembered of what was"
    " sent: it seems to be a copy or a restored backup."
)


def checked(*, now: datetime) -> Memory:
    """Hold sending if this database has forgotten mails; return the memory, to be noted in.

    A server that was upgraded or replaced is no reason as long as the memory agrees.
    """
    key = origin.standing().key
    memory = Memory(key)
    mark = memory.recall()
    # Read last: what is remembered was in the database before, whatever other workers do meanwhile.
    standing = origin.standing()
    if standing.key != key:  # released just now
        return checked(now=now)
    if mark.claimed > standing.claimed or mark.started > standing.started:
        holding.hold(reason=OLDER, sent_until=mark.at, is_restored=True, by=BY, now=now)
    elif standing.has_moved and mark == Mark():
        holding.hold(reason=ELSEWHERE, is_restored=True, by=BY, now=now)
    elif standing.has_moved:
        origin.settle()
    return memory
