"""`manage.py catalogue`: bring the German of the participants' pages up to date with the source."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from surveys.portal import catalogue


class Command(BaseCommand):
    """Writes the .po and the .mo, and lists the sentences that wait for a translation."""

    help = "Update surveys/locale from the participants' pages and compile it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write both files."""
        current = catalogue.updated()
        catalogue.PO.write_bytes(catalogue.po_bytes(current))
        catalogue.MO.write_bytes(catalogue.mo_bytes(current))
        for sentence in catalogue.untranslated(current):
            self.stdout.write(f"not translated: {sentence}")
