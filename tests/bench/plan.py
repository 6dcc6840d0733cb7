"""Planning 20,000 people x 24 occasions, against a raw `COPY` of the same rows.

Ours is `scheduling.replan`: facts read, moments computed, occasions and messages written. The
reference copies the rows that ours made, rendered beforehand, into the same tables under the same
keys and indexes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from surveys.audit.actors import Actor
from surveys.design.models import ProtocolVersion
from surveys.participants.models import Participant
from surveys.scheduling import actions
from tests.bench import Context, Result
from tests.world import NOW, make_study, wave_document

GOAL = 4.0
PEOPLE = 20_000
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Pacific/Auckland")
PROMPTS = {
    "anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 7,
    "random_between": ["10:00", "21:00"], "per_day": 2, "min_gap": "PT2H",
}  # fmt: skip
TABLES = ("surveys_occasion", "surveys_message")


def waves() -> list[dict[str, Any]]:
    """Five measurements over a year, five weekly ones, and two prompts a day for a week: 24."""
    weekly = {"anchor": "enrollment", "offset": "P14D", "every": "P7D", "times": 5, "at": "18:00"}
    prompt = {"start_within": "PT90M"}
    return [
        wave_document("baseline", "P0D", schedule={"anchor": "enrollment"}),
        *(wave_document(f"m{n}", f"P{n}M", only_if="baseline.completed") for n in (3, 6, 9, 12)),
        wave_document("weekly", "P0D", schedule=weekly),
        wave_document("diary", "P0D", schedule=PROMPTS, window=prompt, reminders=["PT30M"]),
    ]


def load(people: int) -> None:
    """A published study and people who enrolled over two months, without plans."""
    study = make_study("bench", waves=waves(), quiet_hours=("22:00", "08:00"))
    protocol = ProtocolVersion.objects.get(study=study)
    Participant.objects.bulk_create(
        [
            Participant(
                study=study,
                protocol=protocol,
                code=f"P{n:06}",
                language="en",
                timezone=ZONES[n % len(ZONES)],
                enrolled_at=NOW + timedelta(minutes=n * 4.32),
            )
            for n in range(people)
        ],
        batch_size=2000,
    )


def ours() -> int:
    """Plan everybody; return how many occasions that made."""
    everybody = list(Participant.objects.all())
    by = Actor.system("bench")
    return actions.replan(everybody, by=by, now=datetime(2027, 2, 1, tzinfo=UTC)).created


def reference(connection: psycopg.Connection[Any], rendered: dict[str, bytes]) -> None:
    """Copy the rendered rows and commit, which also checks the foreign keys."""
    for table in TABLES:
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(rendered[table])
    connection.commit()


def run(context: Context) -> Result:
    """Load, plan, take the rows out, and copy them in again."""
    people = context.n(PEOPLE)
    load(people)
    measured = context.measure("tests.bench.plan:ours")
    with context.connect() as connection:
        rendered = {table: _taken_out(connection, table) for table in TABLES}
        connection.execute("TRUNCATE surveys_message, surveys_occasion CASCADE")
        connection.commit()
        copied = context.timed(lambda: reference(connection, rendered))
    n_messages = rendered["surveys_message"].count(b"\n")
    detail = {"people": people, "occasions": measured.value, "messages": n_messages}
    return Result(measured.seconds, copied, GOAL, measured.peak_mb, detail)


def _taken_out(connection: psycopg.Connection[Any], table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(map(bytes, copy))
