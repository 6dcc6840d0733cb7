"""Append-only events: who did what to which thing, when and why. The database refuses changes."""

from __future__ import annotations

from django.db import models

from surveys.audit.actors import ActorKind


class Event(models.Model):
    """One thing that happened. No foreign keys, so nothing that is erased can take it along."""

    at = models.DateTimeField()
    event = models.CharField(max_length=60)  # object.past_participle
    actor_kind = models.CharField(max_length=12, choices=[(k, k) for k in ActorKind])
    actor = models.CharField(max_length=120, blank=True)  # a code, never a name or an address
    study = models.CharField(max_length=60, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["study", "subject", "at"], name="event_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"
