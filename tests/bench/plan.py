"""Planning people x 24 occasions, against a raw `COPY` of the same rows, at three sizes.

Ours is `scheduling.replan`: facts read, moments computed, occasions and messages written. The
reference copies the rows that ours made, rendered beforehand, into the same tables under the same
keys and indexes. 20,000 people are the figure; 5,000 and 80,000 show that time and memory grow
with the people and not faster. Each size is run several times, ours and reference in turn.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from surveys.audit.actors import Actor
from surveys.design.models import ProtocolVersion
from surveys.participants.models import Participant
from surveys.scheduling import actions
from tests.bench import Context, Result
from tests.world import NOW, make_study, wave_document

GOAL = 3.0
SIZES = (5_000, 20_000, 80_000)
MAIN = 1  # the size whose figures stand in the table
ROUNDS = 3
LINEAR = 1.15  # times the time or memory a person of the size before
BLOCK = 1 << 20
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


@dataclass(frozen=True)
class Size:
    """What planning so many people took, and copying their rows: medians of the rounds."""

    people: int
    occasions: int
    messages: int
    seconds: float
    copy_seconds: float
    peak_mb: float

    @property
    def ratio(self) -> float:
        """How many times the COPY."""
        return self.seconds / self.copy_seconds

    @property
    def ms_a_person(self) -> float:
        """Milliseconds for each person."""
        return 1000 * self.seconds / self.people


class Growing(Result):
    """The middle size in the columns; the growth from size to size counts too."""

    @property
    def is_reached(self) -> bool:
        """Whether time, memory and their growth are within the goals."""
        return super().is_reached and all(self.detail["is_linear"].values())


def ours(people: int) -> int:
    """Plan the first so many; return how many occasions that made."""
    chosen = list(Participant.objects.order_by("pk")[:people])
    by = Actor.system("bench")
    return actions.replan(chosen, by=by, now=datetime(2027, 2, 1, tzinfo=UTC)).created


def reference(connection: psycopg.Connection[Any], folder: Path) -> None:
    """Copy the rendered rows and commit, which also checks the foreign keys."""
    for table in TABLES:
        with (
            (folder / table).open("rb") as rows,
            connection.cursor().copy(f"COPY {table} FROM STDIN") as copy,
        ):
            while block := rows.read(BLOCK):
                copy.write(block)
    connection.commit()


def run(context: Context) -> Result:
    """Load everybody once, then each size by itself."""
    sizes = [context.n(people) for people in SIZES]
    load(sizes[-1])
    found = [_measured(context, people) for people in sizes]
    shown = found[MAIN]
    steps = [(a.people, b.people, b.ms_a_person / a.ms_a_person) for a, b in pairwise(found)]
    detail = {
        "sizes": [{**asdict(size), "ratio": round(size.ratio, 3)} for size in found],
        "time_a_person": {f"{b:,} / {a:,}": round(growth, 3) for a, b, growth in steps},
        "is_linear": {
            "time": all(growth <= LINEAR for _, _, growth in steps),
            "memory": _is_linear([(size.people, size.peak_mb) for size in found]),
        },
    }
    peak = max(size.peak_mb for size in found)
    return Growing(
        shown.seconds, shown.copy_seconds, GOAL, peak, detail, notes=_notes(found, steps)
    )


def _measured(context: Context, people: int) -> Size:
    """One size: plan, take the rows out, copy them in again; several times over."""
    runs = []
    for _ in range(int(os.environ.get("BENCH_ROUNDS", ROUNDS))):
        with context.connect() as connection:
            _empty(connection)
            planned = context.measure("tests.bench.plan:ours", people=people)
            n_messages = [_take_out(connection, table, context.folder) for table in TABLES][-1]
            _empty(connection)
            copied = context.timed(lambda: reference(connection, context.folder))
        runs.append((planned.seconds, copied, planned.peak_mb))
    seconds, copy_seconds, peak_mb = (median(column) for column in zip(*runs, strict=True))
    return Size(people, planned.value, n_messages, seconds, copy_seconds, peak_mb)


def _is_linear(points: Sequence[tuple[int, float]]) -> bool:
    """Whether the largest lies on the line through the two before it, or below."""
    (a, low), (b, middle), (c, high) = points
    return high <= LINEAR * (middle + (middle - low) * (c - b) / (b - a))


def _notes(found: Sequence[Size], steps: Sequence[tuple[int, int, float]]) -> list[str]:
    head = f"{'people':>8}  {'occasions':>9}  {'messages':>9}  {'s':>7}  {'COPY s':>7}"
    rows = [
        f"{size.people:>8,}  {size.occasions:>9,}  {size.messages:>9,}  {size.seconds:>7.2f}"
        f"  {size.copy_seconds:>7.2f}  {size.ratio:>5.2f}  {size.ms_a_person:>11.3f}"
        f"  {size.peak_mb:>7.0f}"
        for size in found
    ]
    growth = ", ".join(f"{a:,} to {b:,}: x {times:.2f}" for a, b, times in steps)
    return [
        f"{head}  {'ratio':>5}  {'ms a person':>11}  {'peak MB':>7}",
        *rows,
        f"time a person, {growth} (linear up to {LINEAR:g})",
    ]


def _empty(connection: psycopg.Connection[Any]) -> None:
    connection.execute("TRUNCATE surveys_message, surveys_occasion CASCADE")
    connection.commit()
    connection.autocommit = True
    connection.execute("CHECKPOINT")
    connection.autocommit = False


def _take_out(connection: psycopg.Connection[Any], table: str, folder: Path) -> int:
    """Write a table's rows to a file as COPY renders them; return how many."""
    n_rows = 0
    with (
        (folder / table).open("wb") as rows,
        connection.cursor().copy(f"COPY {table} TO STDOUT") as copy,
    ):
        for block in copy:
            rows.write(block)
            n_rows += bytes(block).count(b"\n")
    connection.commit()
    return n_rows
