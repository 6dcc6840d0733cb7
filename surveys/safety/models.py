"""Alerts: an answer or a score of concern, who looks after it, and everything that happened."""

from __future__ import annotations

from django.db import models

from surveys.design.models import ProtocolVersion, Study
from surveys.lib.ids import alert_code
from surveys.safety.states import AlertState, Step
from surveys.scheduling.models import Occasion


class Alert(models.Model):
    """One rule of one study that held at one occasion, or a drill that only pretends so.

    `found` holds what the rule saw, `{"answers": {...}, "scores": {...}}`: the answers may change
    afterwards while the alert stays. It is read on the alert's own page and nowhere else.
    """

    code = models.CharField(max_length=12, unique=True, default=alert_code, editable=False)
    study = models.ForeignKey(Study, models.PROTECT, related_name="alerts")
    protocol = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    rule = models.CharField(max_length=40)
    occasion = models.ForeignKey(
        Occasion, models.PROTECT, null=True, blank=True, related_name="alerts"
    )
    instrument = models.CharField(max_length=70, blank=True)  # its ref
    found = models.JSONField(default=dict)
    is_drill = models.BooleanField(default=False)
    state = models.CharField(
        max_length=12,
        choices=[(s.value, s.value) for s in AlertState],
        default=AlertState.OPEN.value,
    )
    raised_at = models.DateTimeField()
    escalates_at = models.DateTimeField(null=True, blank=True)  # unless acknowledged before
    n_escalations = models.PositiveIntegerField(default=0)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=12, blank=True)  # a staff code
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "rule"], name="alert_once"),
            models.CheckConstraint(
                condition=models.Q(is_drill=True, occasion__isnull=True)
                | models.Q(is_drill=False, occasion__isnull=False),
                name="drills_have_no_occasion",
            ),
        ]
        indexes = [
            models.Index(
                fields=["escalates_at"],
                name="alerts_to_escalate",
                condition=models.Q(state__in=["open", "escalated"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.state}"


class AlertStep(models.Model):
    """One thing that happened to an alert; `note` is what a staff member wrote."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    step = models.CharField(max_length=12, choices=[(s.value, s.value) for s in Step])
    by = models.CharField(max_length=40, blank=True)  # a staff code, or a job's name
    n_mails = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.step} {self.at:%Y-%m-%d %H:%M}"
