"""The platform's own state, free of any study: the demo clock and the beat's heartbeat."""

from __future__ import annotations

from datetime import timedelta

from django.db import models


class ClockOffset(models.Model):
    """How far the platform's clock runs ahead of the database's; one row, demo and test only."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    ahead = models.DurationField(default=timedelta(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="clock_has_one_row"),
        ]

    def __str__(self) -> str:
        return f"+{self.ahead}"


class Heartbeat(models.Model):
    """When a periodic job last finished, in the database's real time and in study time."""

    job = models.CharField(max_length=40, primary_key=True)
    beaten_at = models.DateTimeField()
    study_now = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.job} {self.beaten_at:%Y-%m-%d %H:%M:%S}"
