"""`manage.py verify BUNDLE`: is every file of a bundle as its manifest says?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics.formats.bundle import NotABundle, verify


class Command(BaseCommand):
    """Reads a folder or a zip and needs no database."""

    help = "Check a bundle against its manifest."
    requires_system_checks: tuple[str, ...] = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which bundle."""
        parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a folder or a zip")

    def handle(self, *_args: Any, bundle: Path, **_options: Any) -> None:
        """Name every difference; end with 1 when there is one."""
        try:
            problems = verify(bundle)
        except NotABundle as error:
            raise CommandError(str(error)) from None
        if problems:
            raise CommandError("\n".join([f"{bundle}: not as it was exported", *problems]))
        self.stdout.write(f"{bundle}: every file is as it was exported")
