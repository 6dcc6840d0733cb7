"""One filled instrument: a draft that grows page by page, then final for good."""

from __future__ import annotations

from django.db import models

from surveys.instruments.models import InstrumentVersion
from surveys.lib.ids import uuid7
from surveys.responding.flat import Flat
from surveys.scheduling.models import Occasion


class Submission(models.Model):
    """The answers to one instrument at one occasion.

    `answers` maps item code to a number, a text, or null for "shown and skipped"; an item that
    was never shown has no key. `paradata` holds `order`, `items` and `pages` (see
    `responding.answers`). A database trigger refuses any change to a final submission but one: of
    somebody who wants their data erased, answers and paradata are emptied for good.
    """

    class State(models.TextChoices):
        """Whether it may still change."""

        DRAFT = "draft"
        FINAL = "final"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="submissions")
    instrument = models.ForeignKey(InstrumentVersion, models.PROTECT, related_name="+")
    state = models.CharField(max_length=5, choices=State.choices, default=State.DRAFT)
    answers = models.JSONField(default=dict)
    paradata = models.JSONField(default=dict)
    flat = models.GeneratedField(
        expression=Flat("answers", "paradata"), output_field=models.TextField(), db_persist=True
    )
    started_at = models.DateTimeField()
    saved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "instrument"], name="submission_once"),
            models.CheckConstraint(
                condition=models.Q(state="final", finished_at__isnull=False)
                | models.Q(state="draft", finished_at__isnull=True),
                name="final_has_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(answers={}, paradata={}),
                name="erased_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.instrument_id} {self.state}"
