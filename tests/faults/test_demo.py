"""The main job with a small cast: the same seed gives the same data, whoever is killed meanwhile."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import OpenRow
from tests.faults.listing import below
from tests.integration.studyplatform.servers_at_hand import kill_all, open_folder

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"MODE", "DATABASE_URL", "REDIS_URL"}
TABLES = {
    "participants": ("participant", "arm", "site", "language", "zone", "status"),
    "occasions": ("participant", "wave", "nth", "disposition"),
    "answers": ("participant", "wave", "nth", "instrument", "item", "value", "text", "reason"),
    "scores": ("participant", "wave", "nth", "instrument", "scale", "score", "reason"),
    "messages": ("participant", "wave", "nth", "kind", "n", "state"),
}
VICTIMS = (("beat",), ("planner", "sender", "exporter"), ("valkey",), ("postgres",))
EVERYBODY = {name for names in VICTIMS for name in names}
CALM = 2.0  # seconds between two kills
TURNS = 2  # a supervisor waits longer and longer for what is killed more often


def live(folder: Path, seed: int, disturb: Callable[[int], None] | None = None) -> Path:
    """Run the demo with a small cast; returns its bundle. `disturb` gets its process again and again."""
    command = [sys.executable, "-m", "studyplatform.demo", "--people", "8"]
    command += ["--seed", str(seed), "--folder", str(folder)]
    said = folder.with_suffix(".log")
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _accompany(process, said, disturb)
    finally:
        process.terminate()
        process.wait(60)
    assert process.returncode == 0, said.read_text()
    (manifest,) = folder.glob("exports/*/*/MANIFEST.json")
    return manifest.parent


def _accompany(
    process: subprocess.Popen[bytes], said: Path, disturb: Callable[[int], None] | None
) -> None:
    while process.poll() is None:
        if disturb is not None and "day" in said.read_text():  # the year has begun
            disturb(process.pid)
        time.sleep(0.1)


def _environment() -> dict[str, str]:
    """Without the tests' servers, so that the demo starts its own below itself."""
    return {name: value for name, value in os.environ.items() if name not in GIVEN}


class KillsInTurn:
    """kill -9 of beat, all workers, Valkey and PostgreSQL, one after the other, twice."""

    def __init__(self) -> None:
        self.killed: list[str] = []
        self._next_at = 0.0

    def __call__(self, pid: int) -> None:
        is_over = len(self.killed) == TURNS * len(VICTIMS)
        if is_over or time.monotonic() < self._next_at:
            return
        names = VICTIMS[len(self.killed) % len(VICTIMS)]
        ours = [each for each in below(pid) if each.name]
        if {each.name for each in ours} >= EVERYBODY:  # the last one killed may still be away
            kill_all([each.pid for each in ours if each.name in names])
            self.killed.append(" ".join(names))
            self._next_at = time.monotonic() + CALM


def rows(bundle: Path, table: str) -> list[tuple[str, ...]]:
    """A table of a bundle without its times."""
    with (bundle / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return [tuple(row[column] for column in TABLES[table]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Path:
    return live(folder / "undisturbed", seed=1)


def test_the_same_seed_gives_the_same_data(undisturbed: Path, folder: Path) -> None:
    again = live(folder / "again", seed=1)
    for table in TABLES:
        assert rows(undisturbed, table), f"{table} is empty"
        assert rows(undisturbed, table) == rows(again, table)


def test_who_is_killed_during_the_demo_changes_nothing_but_times(
    case: OpenRow, undisturbed: Path, folder: Path
) -> None:
    row = case(
        "demo",
        "beat, all workers, Valkey, PostgreSQL killed in turn",
        "the same data but for times",
    )
    kills = KillsInTurn()
    disturbed = live(folder / "disturbed", seed=1, disturb=kills)
    differing = [name for name in TABLES if rows(undisturbed, name) != rows(disturbed, name)]
    row.saw(f"{len(kills.killed)} kills, {', '.join(differing) or 'nothing'} differs")
    assert len(kills.killed) == TURNS * len(VICTIMS)
    assert differing == []
