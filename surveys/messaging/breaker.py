"""Leaves a mail server alone that does not answer. One row a server, for all workers; real time.

After a few failures in a row to get a session the breaker opens, and nobody claims a message.
When its pause is over, one worker tries one message: an answer closes it, silence opens it for
longer. The delivery calls this; console and readiness say what it says.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from surveys.lib import sql
from surveys.messaging.models import MailServer
from surveys.messaging.printable import printable

FAILURES = 3  # in a row before it opens
FIRST_PAUSE = timedelta(seconds=30)  # doubled at each further failure, a fifth more or less
LONGEST_PAUSE = timedelta(minutes=15)
LOG = logging.getLogger(__name__)

_ASK = """
    SELECT n_failures, open_until IS NOT NULL FROM surveys_mailserver WHERE host = %(host)s
"""

# Whoever moves the end of the pause has the trial; for the others the breaker stays open.
_TRY = """
    UPDATE surveys_mailserver SET open_until = clock_timestamp() + %(trial)s
    WHERE host = %(host)s AND open_until <= clock_timestamp()
"""

_FAILED = """
    INSERT INTO surveys_mailserver AS s (host, n_failures, failing_since, last_words)
    VALUES (%(host)s, 1, clock_timestamp(), %(words)s)
    ON CONFLICT (host) DO UPDATE
    SET n_failures = s.n_failures + 1, last_words = excluded.last_words,
        failing_since = coalesce(s.failing_since, excluded.failing_since),
        open_until = CASE WHEN s.n_failures + 1 >= %(failures)s THEN
            clock_timestamp() + (0.8 + 0.4 * random()) * least(
                %(longest)s, %(first)s * power(2, least(s.n_failures + 1 - %(failures)s, 10)))
        END
    WHERE s.open_until IS NULL OR %(is_trial)s
    RETURNING n_failures
"""

_ANSWERED = """
    UPDATE surveys_mailserver s
    SET n_failures = 0, failing_since = NULL, open_until = NULL, last_words = ''
    FROM (SELECT host, n_failures FROM surveys_mailserver WHERE host = %(host)s FOR UPDATE) old
    WHERE s.host = old.host RETURNING old.n_failures
"""

_LEFT = """
    UPDATE surveys_mailserver SET open_until = clock_timestamp()
    WHERE host = %(host)s AND open_until IS NOT NULL
"""


@dataclass
class Breaker:
    """One worker's view of one mail server, `host:port`, for one run.

    `trial` is how long one mail may take at most: then somebody else may try.
    """

    host: str
    trial: timedelta
    is_open: bool = field(init=False, default=False)
    is_trial: bool = field(init=False, default=False)
    _has_failed: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        values = {"host": self.host, "trial": self.trial}
        for n_failures, was_opened in sql.rows(_ASK, values):
            self._has_failed = n_failures > 0
            self.is_trial = was_opened and sql.execute(_TRY, values) == 1
            self.is_open = was_opened and not self.is_trial

    def answered(self) -> None:
        """The server gave a session: what was counted against it is forgotten."""
        if not self._has_failed:
            return
        self._has_failed = self.is_trial = False
        for (n_failures,) in sql.rows(_ANSWERED, {"host": self.host}):
            if n_failures >= FAILURES:
                LOG.warning("the mail server %s answers again", self.host)

    def failed(self, words: str) -> None:
        """No session could be had; `words` say what broke."""
        values = {
            "host": self.host,
            "words": printable(words),
            "failures": FAILURES,
            "first": FIRST_PAUSE,
            "longest": LONGEST_PAUSE,
            "is_trial": self.is_trial,
        }
        self.is_trial = False
        for (n_failures,) in sql.rows(_FAILED, values):
            if n_failures == FAILURES:
                LOG.warning("the mail server %s does not answer: %s", self.host, values["words"])

    def close(self) -> None:
        """End the run; a trial that tried nothing is for the next worker."""
        if self.is_trial:
            sql.execute(_LEFT, {"host": self.host})


def silent_servers() -> list[str]:
    """A sentence about each mail server that does not answer, with times in UTC."""
    rows = MailServer.objects.filter(open_until__isnull=False, failing_since__isnull=False)
    return [
        f"The mail server {row.host.rpartition(':')[0]} has not answered since"
        f" {_moment(row.failing_since)}; next try at {_moment(row.open_until)} UTC."
        for row in rows.order_by("host")
    ]


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""
