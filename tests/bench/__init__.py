"""Benchmarks: our figure, a reference from the same run, and their ratio.

`python -m tests.bench [names]` runs tests/bench/<name>.py, each in a process of its own on a fresh
database of a private PostgreSQL. A module has

    GOAL = 4.0                                    # ours may take this many times the reference

    def run(context: Context) -> Result:
        ...load...                                # context.connect(), the ORM: Django is set up
        ours = context.measure("tests.bench.plan:ours", people=20_000)   # in a fresh process
        reference = context.timed(lambda: ...)
        return Result(ours.seconds, reference, GOAL, ours.peak_mb, detail={...})

The function that `measure` names takes its keyword arguments as JSON and returns a JSON value.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Measured:
    """What one call in a fresh process took; `value` is what it returned."""

    seconds: float
    peak_mb: float
    value: Any


@dataclass(frozen=True)
class Result:
    """One row of the table; the ratio is ours by the reference and `goal` is its upper limit."""

    ours_seconds: float
    reference_seconds: float
    goal: float
    peak_mb: float
    detail: Mapping[str, Any] = field(default_factory=dict)
    goal_mb: float = 600
    notes: Sequence[str] = ()  # printed below the table

    @property
    def ratio(self) -> float:
        """How many times the reference we take."""
        return self.ours_seconds / self.reference_seconds

    @property
    def is_reached(self) -> bool:
        """Whether time and memory are within the goals."""
        return self.ratio <= self.goal and self.peak_mb <= self.goal_mb

    def as_row(self, name: str) -> dict[str, Any]:
        """The row as bench.json holds it."""
        derived = {"ratio": round(self.ratio, 3), "is_reached": self.is_reached}
        return {"name": name, **asdict(self), **derived}


@dataclass(frozen=True)
class Context:
    """What a benchmark gets: its own migrated database, a folder, and a scale (1 is full size)."""

    database_url: str
    folder: Path
    scale: float = 1.0

    def n(self, full: int) -> int:
        """A count at this scale; BENCH_SCALE=0.01 tries a benchmark out in seconds."""
        return max(1, round(full * self.scale))

    def connect(self) -> psycopg.Connection[Any]:
        """A raw connection, for the reference."""
        return psycopg.connect(self.database_url)

    def timed(self, call: Callable[[], object]) -> float:
        """Seconds that the call takes in this process."""
        began = time.perf_counter()
        call()
        return time.perf_counter() - began

    def measure(self, target: str, **arguments: Any) -> Measured:
        """Call `module:function` in a fresh process with Django set up."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.fresh", target, json.dumps(arguments)],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": self.database_url},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return Measured(**json.loads(done.stdout.splitlines()[-1]))
