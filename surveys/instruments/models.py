"""Instruments as immutable, versioned documents."""

from __future__ import annotations

from django.db import models


class InstrumentVersion(models.Model):
    """One version of one questionnaire; `document` is `instruments.definition.Instrument`."""

    code = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, unique=True)
    document = models.JSONField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="instrument_version_once"),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """`code@version`, as study files and exports name it."""
        return f"{self.code}@{self.version}"
