"""The composing app: commands, templates for outages, system checks. It has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class StudyPlatformConfig(AppConfig):
    """Registers the checks."""

    name = "studyplatform"

    def ready(self) -> None:
        """Checks register when imported."""
        from studyplatform import checks  # noqa: F401 - imported for what it registers
