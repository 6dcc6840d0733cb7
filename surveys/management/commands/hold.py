"""`manage.py hold --reason "..."`: send no mail at all until `manage.py release`."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.lib import clock

BY = Actor.system("manage.py hold")


class Command(BaseCommand):
    """Before a backup is restored, or when nothing must go out; see docs/how-to/restore-a-backup.md."""

    help = "Send no mail at all until `manage.py release`."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Why."""
        parser.add_argument("--reason", required=True, help="what others read in the console")

    def handle(self, *_args: Any, reason: str, **_options: Any) -> None:
        """Hold; what is held already stays as it is."""
        pipeline.hold(reason=reason, by=BY, now=clock.now())
        self.stdout.write("No mail is sent until `manage.py release`.")
