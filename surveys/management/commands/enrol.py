"""`manage.py enrol STUDY FILE.csv`: enrol everybody in a file with their consent, or nobody."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.design.queries import NotPublished, current
from surveys.design.registry import protocol_of
from surveys.lib import clock
from surveys.participants import csvfile
from surveys.participants.entries import Entry, EntryProblems

BY = Actor.system("manage.py enrol")
MAX_SHOWN = 50


class Command(BaseCommand):
    """Safe to run again with the same or a longer file."""

    help = "Enrol the people in a CSV file, with their consent: all or nobody."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which study, which file."""
        parser.add_argument("study", metavar="STUDY", help="the study's code")
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument("--check", action="store_true", help="read the file and enrol nobody")

    def handle(self, *_args: Any, study: str, file: Path, check: bool, **_options: Any) -> None:
        """Read, then enrol in one step."""
        row = Study.objects.filter(code=study).first()
        if row is None:
            raise CommandError(f"there is no study '{study}'")
        try:
            entries = self._read(row, file)
            if check:
                self.stdout.write(f"{file.name}: {len(entries)} people, nothing to complain about")
                return
            result = pipeline.enrol(
                study=row, entries=entries, source="csv", by=BY, now=clock.now()
            )
        except EntryProblems as error:
            raise CommandError(_listed(file, error)) from None
        except NotPublished as error:
            raise CommandError(str(error)) from None
        counts = f"enrolled {len(result.created)}, already enrolled {len(result.already)}"
        if result.left_out:
            counts += f", left out {len(result.left_out)} who asked to be forgotten"
        self.stdout.write(f"{study}: {counts}")

    def _read(self, study: Study, file: Path) -> list[Entry]:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        return csvfile.read(data, protocol=protocol_of(current(study)), now=clock.now())


def _listed(file: Path, error: EntryProblems) -> str:
    lines = [f"{file.name}: nobody was enrolled"]
    lines += [f"  {problem}" for problem in error.problems[:MAX_SHOWN]]
    n_more = len(error.problems) - MAX_SHOWN
    lines += [f"  and {n_more} more"] if n_more > 0 else []
    return "\n".join(lines)
