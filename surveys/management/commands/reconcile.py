"""Compare plans with what protocols and facts ask for, now, and make them right.

The hourly check repairs only what a zone database or a release explains; whoever runs this has
looked and asks for the rest. Ends with 1 when plans differ and were left so.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import clock
from surveys.scheduling.models import Reconciliation

BY = Actor.system("manage.py reconcile")


class Command(BaseCommand):
    """`manage.py reconcile [--study CODE] [--dry-run]`."""

    help = "Compare all live plans with what protocols and facts ask for, and make them right."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which study, and whether to write."""
        parser.add_argument("--study", help="one study; default: all that are not paused")
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")

    def handle(self, *, study: str | None, dry_run: bool, **_: Any) -> None:
        """Check one study after the other and say what was found."""
        n_left = 0
        for found in self._studies(study):
            check = pipeline.reconcile_study(
                study=found, repair=not dry_run, by=BY, now=clock.now()
            )
            self._say(check)
            n_left += check.n_drifted - check.n_repaired
        if n_left:
            raise CommandError(f"{n_left} plans differ and were left so")

    def _studies(self, code: str | None) -> list[Study]:
        if code is None:
            return list(Study.objects.filter(is_paused=False).order_by("code"))
        found = Study.objects.filter(code=code).first()
        if found is None:
            raise CommandError(f"there is no study '{code}'")
        return [found]

    def _say(self, check: Reconciliation) -> None:
        for person in check.drift:
            counts = ", ".join(f"{n} {what}" for what, n in person["counts"].items())
            self.stdout.write(f"{person['code']}: {counts or 'cannot be planned'}")
        self.stdout.write(
            f"{check.study.code}: {check.n_people} plans compared, {check.n_drifted} differed,"
            f" {check.n_repaired} made right"
        )
