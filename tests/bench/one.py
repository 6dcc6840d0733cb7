"""Runs one benchmark module with Django set up; the parent reads its last line."""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

import django

from tests.bench import Context, Result


def main(name: str, folder: str) -> None:
    """Run tests/bench/<name>.py and write its row as JSON."""
    django.setup()
    module = importlib.import_module(f"tests.bench.{name}")
    context = Context(
        os.environ["DATABASE_URL"], Path(folder), float(os.environ.get("BENCH_SCALE", "1"))
    )
    result: Result = module.run(context)
    sys.stdout.write(json.dumps(result.as_row(name), default=str) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
