"""`manage.py catalogue`: bring the words of the participants' pages up to date with the source."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from surveys.portal import catalogue


class Command(BaseCommand):
    """Writes each language's .po and .mo, and lists the sentences that wait for a translation."""

    help = "Update surveys/locale from the participants' pages and compile it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the files of all languages."""
        for language in catalogue.languages():
            current = catalogue.Translation(language).write()
            for sentence in catalogue.untranslated(current):
                self.stdout.write(f"not translated ({language}): {sentence}")
