"""Which processes run below another one, and which of the platform's programs they are."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

TELLING = {
    "studyplatform.wsgi": "web",
    "studyplatform worker --queues planning": "planner",
    "studyplatform worker --queues sending": "sender",
    "studyplatform worker --queues exports": "exporter",
    "studyplatform beat": "beat",
    "bin/postgres": "postgres",
    "valkey-server": "valkey",
}


@dataclass(frozen=True)
class Process:
    """One process of this machine; `name` is the platform's program that it is, or empty."""

    pid: int
    parent: int
    name: str


def processes() -> list[Process]:
    """All processes, in the order of their numbers; from /proc, or from ps where there is none."""
    if Path("/proc/self/stat").exists():
        rows = [row for entry in Path("/proc").glob("[0-9]*") if (row := _from_proc(entry))]
    else:
        command = ["ps", "-axww", "-o", "pid=,ppid=,command="]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        split = [line.split(maxsplit=2) for line in listing.splitlines()]
        rows = [(int(pid), int(parent), text) for pid, parent, text in split]
    return [
        Process(pid, parent, next((name for told, name in TELLING.items() if told in text), ""))
        for pid, parent, text in sorted(rows)
    ]


def _from_proc(entry: Path) -> tuple[int, int, str] | None:
    try:
        parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        return int(entry.name), parent, (entry / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return None  # it has just ended


def below(pid: int) -> list[Process]:
    """Every process below this one, however deep, by what the kernel says; lowest number first."""
    everybody = processes()
    found: set[int] = set()
    fresh = {pid}
    while fresh:
        fresh = {each.pid for each in everybody if each.parent in fresh} - found
        found |= fresh
    return [each for each in everybody if each.pid in found]
