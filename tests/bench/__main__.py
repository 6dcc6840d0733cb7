"""`python -m tests.bench [names]`: runs the benchmarks, prints a table, writes var/bench.json."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from studyplatform.embedded import servers
from tests.bench import ROOT

HARNESS = {"__init__", "__main__", "fresh", "one"}
BUSY = 0.25  # of load for each core, above which others take part in the figures
HEADINGS = ("benchmark", "ours s", "reference s", "ratio", "goal", "peak MB", "")


def names_of_all() -> list[str]:
    """The benchmarks that there are."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in HARNESS)


def run_one(name: str, env: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """One benchmark on a copy of the migrated database; a crash becomes a row that says so."""
    database = f"bench_{name}"
    with psycopg.connect(env["DATABASE_URL"], autocommit=True, dbname="postgres") as admin:
        own = sql.Identifier(database)
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(own))
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE app").format(own))
        url = env["DATABASE_URL"].replace("/app?", f"/{database}?")
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.one", name, str(folder)],
            cwd=ROOT,
            env={**os.environ, **env, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(own))
    if done.returncode != 0:
        return {"name": name, "error": f"ended with {done.returncode}"}
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as aligned text."""
    lines = [HEADINGS, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
                     for line in lines)  # fmt: skip


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    if "error" in row:
        return (row["name"], "-", "-", "-", "-", "-", f"FAILED: {row['error']}")
    return (
        row["name"],
        f"{row['ours_seconds']:.2f}",
        f"{row['reference_seconds']:.2f}",
        f"{row['ratio']:.2f}",
        f"<= {row['goal']:g}",
        f"{row['peak_mb']:.0f}",
        "ok" if row["is_reached"] else "GOAL MISSED",
    )


def notes(rows: list[dict[str, Any]]) -> str:
    """What the benchmarks have to say besides their figures."""
    return "".join(
        f"\n\n{row['name']}\n" + "\n".join(f"  {line}" for line in row["notes"])
        for row in rows
        if row.get("notes")
    )


def machine() -> dict[str, Any]:
    """What the figures depend on; before anything is measured, so the load is of others."""
    cpus, (load, *_) = os.cpu_count() or 1, os.getloadavg()
    return {
        "cpus": cpus,
        "python": platform.python_version(),
        "load": round(load, 2),
        "is_busy": load > BUSY * cpus,
    }


def _in_words(found: Mapping[str, Any]) -> str:
    said = "high: the figures are of a busy machine" if found["is_busy"] else "low"
    return f"{found['cpus']} cores, load {found['load']} before the first run ({said})"


def main(asked: list[str]) -> int:
    """Run the named benchmarks, or all."""
    known = names_of_all()
    if unknown := sorted(set(asked) - set(known)):
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are {known}\n")
        return 2
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # figures are compared on our own server alone
    found = machine()
    var = ROOT / "var"
    var.mkdir(exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="studyplatform-bench-") as made:
        Path(made).chmod(0o711)  # the servers' account must get through to its own folder
        with servers(Path(made) / "servers") as given:
            env = {**given, "MODE": "test", "DJANGO_SETTINGS_MODULE": "studyplatform.settings"}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
                cwd=ROOT,
                env={**os.environ, **env},
                check=True,
            )
            for name in asked or known:
                sys.stderr.write(f"{name} ...\n")
                folder = Path(made) / name
                folder.mkdir()
                rows.append(run_one(name, env, folder))
    report = {"machine": found, "scale": os.environ.get("BENCH_SCALE", "1"), "rows": rows}
    (var / "bench.json").write_text(json.dumps(report, indent=1))
    said = f"{table(rows)}{notes(rows)}\n\n{_in_words(found)}"
    sys.stdout.write(f"{said}\nwritten to {var / 'bench.json'}\n")
    return 1 if any("error" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
