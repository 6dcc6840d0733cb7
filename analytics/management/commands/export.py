"""`manage.py export STUDY`: build a bundle here and now."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analytics import actions
from analytics.formats import FORMATS, UnknownFormat
from analytics.models import Export
from surveys.audit.actors import Actor
from surveys.design.models import Study
from surveys.lib import clock

BY = Actor.system("manage.py export")


class Command(BaseCommand):
    """The same bundle as from the console, and recorded the same way."""

    help = "Export a study as tidy tables with codebook and manifest."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which study, which formats, where to."""
        parser.add_argument("study", metavar="STUDY", help="the study's code")
        parser.add_argument(
            "--formats", default=",".join(FORMATS), help=f"of {','.join(FORMATS)}; default all"
        )
        parser.add_argument(
            "-o", "--output", type=Path, metavar="DIR", help="also copy it to this new folder"
        )

    def handle(
        self, *_args: Any, study: str, formats: str, output: Path | None, **_options: Any
    ) -> None:
        """Request, build, say where it is."""
        row = Study.objects.filter(code=study).first()
        if row is None:
            raise CommandError(f"there is no study '{study}'")
        if output and output.exists():
            raise CommandError(f"{output} exists already; give the name of a new folder")
        codes = [code.strip() for code in formats.split(",") if code.strip()]
        try:
            export = actions.request_export(study=row, formats=codes, by=BY, now=clock.now())
        except UnknownFormat as error:
            raise CommandError(str(error)) from None
        export = actions.build(export_id=export.pk, now=clock.now())
        if export.state != Export.State.READY:
            raise CommandError(export.problem or f"the export is {export.state}")
        folder = actions.folder_of(export)
        if output:
            folder = Path(shutil.copytree(folder, output))
        for entry in export.manifest["files"]:
            rows = f"{entry['rows']:>12,} rows" if "rows" in entry else ""
            self.stdout.write(f"{entry['path']:<28}{entry['bytes']:>14,} bytes{rows}")
        self.stdout.write(f"bundle: {folder}")
