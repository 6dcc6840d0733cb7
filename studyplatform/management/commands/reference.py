"""`manage.py reference`: write the pages of docs/reference that are generated from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from studyplatform import manual, variables
from surveys.access import roles
from surveys.design import studyfile, timeline
from surveys.design.library import shipped_study
from surveys.instruments import catalogue
from surveys.instruments.library import published
from surveys.messaging.explanation import manual as messages
from surveys.safety.states import ALERT
from surveys.scheduling import states

FOLDER = Path(settings.BASE_DIR, "docs", "reference")


def _timeline() -> str:
    return timeline.svg(studyfile.read(shipped_study()).protocol, "en", standalone=True)


def _states() -> str:
    alert = f"\n## The life of each {ALERT.name}\n\n```mermaid\n{ALERT.mermaid()}```\n"
    return states.reference_page() + alert


def _time_cases() -> str:
    # The cases are tests, so this page can be written only where the tests are.
    page: str = import_module("tests.unit.spec.time_cases").reference_page()
    return page


def _instruments() -> str:
    return catalogue.reference_page(published())


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": manual.reference_page,
    "instruments.md": _instruments,
    "messages.md": messages.reference_page,
    "roles.md": roles.reference_page,
    "settings.md": variables.reference_page,
    "states.md": _states,
    "time-cases.md": _time_cases,
    "timeline.svg": _timeline,
}


class Command(BaseCommand):
    """Writes every page; a test fails when one is not current."""

    help = "Write docs/reference from the code."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Write the pages and name them."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, page in PAGES.items():
            FOLDER.joinpath(name).write_text(page(), encoding="utf-8")
            self.stdout.write(f"docs/reference/{name}")
