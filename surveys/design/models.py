"""Studies and their protocols: a draft that may change, versions that may not."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Study(models.Model):
    """One study. `seed` drives allocation and random times; it is drawn once and never shown."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.JSONField()
    seed = models.CharField(max_length=64)
    draft = models.JSONField(null=True, blank=True)
    is_paused = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.code


class ProtocolVersion(models.Model):
    """A published protocol; `document` is `design.protocol.Protocol` with its texts inlined."""

    study = models.ForeignKey(Study, models.PROTECT, related_name="protocols")
    version = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64)
    document = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    adopted_at = models.DateTimeField(null=True, blank=True)  # when everybody had moved to it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "version"], name="protocol_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.study_id} v{self.version}"
