"""The outbox of the benchmark: people, occasions that are open, and one due message each."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import psycopg
import redis
from django.conf import settings
from django.db import connection

from surveys.design.models import ProtocolVersion, Study
from surveys.lib import clock
from surveys.messaging import delivery
from surveys.messaging.transports import Kind, Mail, Outcome, smtp
from surveys.participants.identity.actions import NewPerson, remember_all
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import OccasionState
from tests.bench.mail import letters
from tests.world import make_study, wave_document

LIBRARY = Path(__file__).parents[3] / "surveys" / "design" / "library" / "attachment-compassion"
N_DOMAINS = 500
N_SYNCS = 200
HOUR = timedelta(hours=1)
_WRONG = """
    SELECT count(*) FILTER (WHERE m.state <> 'sent'),
           count(*) FILTER (WHERE m.n_attempts <> 1),
           count(*) FILTER (WHERE a.attempts IS DISTINCT FROM 1),
           count(*) FILTER (WHERE a.finished IS DISTINCT FROM 1)
    FROM surveys_message m LEFT JOIN (
        SELECT message_id, count(*) AS attempts,
               count(*) FILTER (WHERE outcome = 'sent' AND body_started_at <= ended_at) AS finished
        FROM surveys_deliveryattempt GROUP BY message_id
    ) a ON a.message_id = m.id
"""


def load(people: int) -> None:
    """A published study and its people, each with an invitation that is due by the real clock."""
    now = clock.now()
    study = _study()
    protocol = ProtocolVersion.objects.get(study=study)
    participants = Participant.objects.bulk_create(
        [
            Participant(
                study=study,
                protocol=protocol,
                code=f"P{n:06}",
                language="de" if n % 4 == 0 else "en",
                timezone="Europe/Berlin",
                enrolled_at=now - 24 * HOUR,
            )
            for n in range(people)
        ],
        batch_size=2000,
    )
    remember_all(
        NewPerson(each, f"{each.code.lower()}@d{n % N_DOMAINS}.example", f"Person {n}")
        for n, each in enumerate(participants)
    )
    _plan(participants, now)


def _study() -> Study:
    texts = {
        language: (LIBRARY / f"invitation.{language}.md").read_text("utf-8")
        for language in ("en", "de")
    }
    subject = {"en": "{wave}: your questionnaire is ready", "de": "{wave}: Ihr Fragebogen ist da"}
    invitation = {"subject": subject, "body": texts}
    return make_study(
        "bench", waves=[wave_document("baseline", "P0D", reminders=[])],
        messages={"invitation": invitation},
    )  # fmt: skip


def _plan(participants: list[Participant], now: datetime) -> None:
    occasions = Occasion.objects.bulk_create(
        [
            Occasion(
                participant=each,
                protocol=each.protocol,
                wave="baseline",
                state=OccasionState.OPEN,
                opens_at=now - HOUR,
                closes_at=now + 14 * 24 * HOUR,
            )
            for each in participants
        ],
        batch_size=2000,
    )
    Message.objects.bulk_create(
        [
            Message(occasion=each, kind="invitation", due_at=now - HOUR + timedelta(milliseconds=n))
            for n, each in enumerate(occasions)
        ],
        batch_size=2000,
    )


_ANEW = """
    UPDATE surveys_message SET state = 'due', n_attempts = 0, sent_at = NULL, lease_token = NULL,
        lease_until = NULL, language = ''
"""


@dataclass
class Recorder:
    """A transport that keeps what it is given; nothing goes out, so nothing passes the gate."""

    mails: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail, before_body: object) -> Outcome:
        """Keep it."""
        self.mails.append(mail)
        return Outcome(Kind.SENT, "250 kept")

    def close(self) -> None:
        """Nothing is open."""


def build_all(file: Path, people: int) -> None:
    """Write the finished mails of everything that is due to a file; marks them sent."""
    recorder = Recorder()
    with patch.object(smtp, "SmtpTransport", lambda _server: recorder):
        while delivery.deliver_due(now=clock.now(), limit=people).is_cut:
            pass
    if len(recorder.mails) != people:
        raise RuntimeError(f"{len(recorder.mails)} of {people} messages could be built")
    letters.write(file, recorder.mails)


@dataclass(frozen=True)
class Outbox:
    """The messages as they were when all were due, to be put back before each run."""

    raw: psycopg.Connection[Any]
    rows: bytes
    ids: frozenset[UUID]

    @classmethod
    def of(cls, raw: psycopg.Connection[Any]) -> Outbox:
        """From the rows that are there, whatever has become of them."""
        raw.execute(_ANEW)
        with raw.cursor().copy("COPY surveys_message TO STDOUT") as copy:
            rows = b"".join(map(bytes, copy))
        ids = frozenset(Message.objects.values_list("pk", flat=True))
        return cls(raw, rows, ids)

    def put_back(self) -> None:
        """Make everything due again, in tables without old versions of rows."""
        self.raw.execute("TRUNCATE surveys_message CASCADE")
        with self.raw.cursor().copy("COPY surveys_message FROM STDIN") as copy:
            copy.write(self.rows)
        self.raw.commit()
        self.raw.autocommit = True
        self.raw.execute("VACUUM ANALYZE surveys_message, surveys_occasion, surveys_participant")
        self.raw.execute("CHECKPOINT")
        self.raw.autocommit = False
        _forget_the_past()

    def seconds_a_sync(self) -> float:
        """What one commit takes that waits for the disk, with hardly any work in it."""
        self.raw.execute("CREATE TABLE IF NOT EXISTS bench_sync (n int)")
        self.raw.commit()
        began = time.perf_counter()
        for n in range(N_SYNCS):
            self.raw.execute("INSERT INTO bench_sync VALUES (%s)", [n])
            self.raw.commit()
        return (time.perf_counter() - began) / N_SYNCS

    @staticmethod
    def is_done() -> bool:
        """Whether nothing is due or under way any more."""
        return not Message.objects.filter(state__in=("due", "sending")).exists()

    @staticmethod
    def wrong() -> dict[str, int]:
        """How many messages are not sent, or not by exactly one attempt; empty when all is right."""
        with connection.cursor() as cursor:
            cursor.execute(_WRONG)
            row = cursor.fetchone()
        names = ("not sent", "attempts counted", "attempt rows", "attempts ended")
        return {name: n for name, n in zip(names, row, strict=True) if n}


def _forget_the_past() -> None:
    """What is remembered outside the database would tell that mails are missing in it.

    Also takes rings out of the queue that came too late for the run before.
    """
    shutil.rmtree(Path(settings.VAR_DIR) / "sent", ignore_errors=True)
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.flushdb()
