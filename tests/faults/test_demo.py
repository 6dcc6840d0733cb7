"""The main job, twice with the same seed: what people, answers, scores and reasons come out."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]
ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "participants": ("participant", "arm", "site", "language", "zone", "status"),
    "occasions": ("participant", "wave", "nth", "disposition"),
    "answers": ("participant", "wave", "nth", "instrument", "item", "value", "text", "reason"),
    "scores": ("participant", "wave", "nth", "instrument", "scale", "score", "reason"),
}


def _live(folder: Path, seed: int) -> Path:
    """Run the demo with a small cast; returns its bundle."""
    command = [sys.executable, "-m", "studyplatform.demo", "--people", "8"]
    command += ["--seed", str(seed), "--folder", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (manifest,) = folder.glob("exports/*/*/MANIFEST.json")
    return manifest.parent


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "MODE"}


def _rows(bundle: Path, table: str) -> list[tuple[str, ...]]:
    with (bundle / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return [tuple(row[column] for column in TABLES[table]) for row in csv.DictReader(file)]


def test_the_same_seed_gives_the_same_data(tmp_path: Path) -> None:
    first, second = (_live(tmp_path / name, seed=1) for name in ("a", "b"))
    for table in TABLES:
        assert _rows(first, table), f"{table} is empty"
        assert _rows(first, table) == _rows(second, table)
