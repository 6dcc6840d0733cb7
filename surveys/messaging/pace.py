"""How many mails go to one domain in a minute, kept in the database for all workers. Real time.

A domain is known by a keyed fingerprint. It may get one minute's mails at once; what is over the
pace is given back with its own place in the queue, so no other domain waits for it and nothing is
looked at twice before its time. Who would have to wait too long for that goes at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from surveys.lib import sql

MINUTE = timedelta(minutes=1)
SLOT_LIFE = timedelta(minutes=5)  # a place that nobody took for longer, as in an outage, is void

_RESERVE = """
    INSERT INTO surveys_maildomain AS d (domain_index, next_at)
    SELECT domain, statement_timestamp() + n * %(gap)s
    FROM unnest(%(domains)s::bytea[], %(counts)s::int[]) v (domain, n)
    ORDER BY domain
    ON CONFLICT (domain_index) DO UPDATE
    SET next_at = greatest(d.next_at, statement_timestamp())
        + (excluded.next_at - statement_timestamp())
    RETURNING domain_index, next_at, statement_timestamp()
"""


def put_off(
    domains: Mapping[UUID, bytes], patience: Mapping[UUID, timedelta], *, per_minute: float
) -> dict[UUID, datetime]:
    """Take a place for each message, in their order; return when the ones over the pace may go.

    `domains` holds a fingerprint a message and `patience` how long it can wait at most; whoever
    cannot takes a place too, and uses it now. One query; none when there is no pace (0).
    """
    if not domains or not per_minute:
        return {}
    gap = MINUTE / per_minute
    counts = Counter(domains.values())
    values = {"domains": list(counts), "counts": list(counts.values()), "gap": gap}
    found = {bytes(index): (end, now) for index, end, now in sql.rows(_RESERVE, values)}
    places = {index: end - counts[index] * gap for index, (end, _) in found.items()}
    later: dict[UUID, datetime] = {}
    for message, index in domains.items():
        places[index] += gap
        allowed_at = places[index] - MINUTE
        if timedelta(0) < allowed_at - found[index][1] <= patience[message]:
            later[message] = allowed_at
    return later
