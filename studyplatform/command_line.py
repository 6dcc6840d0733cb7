"""What `manage.py` runs: Django's commands, with plain sentences for the usual accidents."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.management import execute_from_command_line
from django.db import OperationalError

from studyplatform.embedded import keys
from studyplatform.env import BadSetting

ROOT = Path(__file__).resolve().parent.parent


def run(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    try:
        if argv[1:2] == ["up"]:  # the one-machine command makes the secrets that settings demand
            keys.ensure(Path(os.environ.get("VAR_DIR") or ROOT / "var"))
        execute_from_command_line(list(argv))
    except (BadSetting, keys.BadKeys) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OperationalError as error:
        if "connection" not in str(error):
            raise
        sys.stderr.write(_no_database(error))
        return 1
    return 0


def _no_database(error: OperationalError) -> str:
    from django.conf import settings

    if settings.USES_OWN_DATABASE:
        return "No database is running: run `make up` in another terminal, or set DATABASE_URL.\n"
    return f"The database of DATABASE_URL does not answer: {error}\n"
