"""Exports: what was asked for, and the bundle that came out."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from surveys.design.models import Study
from surveys.lib.ids import uuid7


class Export(models.Model):
    """One request for a bundle, frozen with what came out of it."""

    class State(models.TextChoices):
        """How far the bundle is."""

        QUEUED = "queued"
        RUNNING = "running"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    study = models.ForeignKey(Study, models.PROTECT, related_name="exports")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    formats = models.JSONField(default=list)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    n_attempts = models.PositiveSmallIntegerField(default=0)  # begun, whatever became of them
    ended_at = models.DateTimeField(null=True, blank=True)
    path = models.CharField(max_length=300, blank=True)  # below settings.EXPORT_DIR
    sha256 = models.CharField(max_length=64, blank=True)
    n_bytes = models.PositiveBigIntegerField(default=0)
    manifest = models.JSONField(default=dict, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="ready") | ~models.Q(path="") & ~models.Q(sha256=""),
                name="ready_has_a_bundle",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study_id} {self.state}"
