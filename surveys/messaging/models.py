"""What happened at the mail server: one row an attempt."""

from __future__ import annotations

from django.db import models

from surveys.scheduling.models import Message


class DeliveryAttempt(models.Model):
    """One attempt to hand one message to a mail server. Times are real, not study time."""

    class Outcome(models.TextChoices):
        """How the attempt ended, as far as we can know."""

        PENDING = "pending"
        SENT = "sent"
        TEMPORARY = "temporary"
        PERMANENT = "permanent"
        UNKNOWN = "unknown"

    message = models.ForeignKey(Message, models.PROTECT, related_name="attempts")
    n = models.PositiveSmallIntegerField()
    lease_token = models.UUIDField()
    began_at = models.DateTimeField()
    body_started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    reply = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "n"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.n} {self.outcome}"
