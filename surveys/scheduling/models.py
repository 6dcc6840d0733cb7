"""The plan as rows: occasions, and the messages that hang on them."""

from __future__ import annotations

from django.db import models

from surveys.design.models import ProtocolVersion, Study
from surveys.lib.ids import uuid7
from surveys.participants.models import Participant
from surveys.scheduling.states import (
    Cause,
    Explanation,
    MessageKind,
    MessageState,
    OccasionState,
)

DOCUMENTS = ("participant__study__draft", "protocol__document", "protocol__study__draft")
"""What a query that joins an occasion's study and protocol defers; registries read documents once."""


class Occasion(models.Model):
    """One planned measurement of one participant: participant x wave x nth.

    Instants are UTC. `local` holds the intent (local date and time, zone, rule) from which they
    were computed, so that a move or a new zone database can recompute them and a researcher can
    be told why. `opens_at` is empty while the date it hangs on is not known.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    participant = models.ForeignKey(Participant, models.PROTECT, related_name="occasions")
    protocol = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    wave = models.SlugField(max_length=60)
    nth = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(
        max_length=10, choices=[(s, s) for s in OccasionState], default=OccasionState.PLANNED
    )
    cause = models.CharField(max_length=20, blank=True, choices=[(c, c) for c in Cause])
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    local = models.JSONField(default=dict, blank=True)
    link_generation = models.PositiveSmallIntegerField(default=0)
    link_opened_at = models.DateTimeField(null=True, blank=True)  # Start was pressed
    started_at = models.DateTimeField(null=True, blank=True)  # first page saved
    last_saved_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # completed, expired or cancelled
    snoozed_until = models.DateTimeField(null=True, blank=True)  # no mail before; asked for by them

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "wave", "nth"], name="occasion_once"),
            models.CheckConstraint(
                condition=models.Q(closes_at__isnull=True)
                | models.Q(closes_at__gt=models.F("opens_at")),
                name="window_has_length",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    cause="", state__in=["planned", "open", "started", "completed", "expired"]
                )
                | models.Q(cause="consent_pending", state="expired")
                | (~models.Q(cause="") & models.Q(state__in=["cancelled", "excluded"])),
                name="cause_where_it_belongs",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="open") | models.Q(opens_at__isnull=False),
                name="open_has_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="started") | models.Q(started_at__isnull=False),
                name="started_has_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="completed")
                | models.Q(started_at__isnull=False, ended_at__isnull=False),
                name="completed_has_its_times",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opens_at"], name="occasion_to_open", condition=models.Q(state="planned")
            ),
            models.Index(
                fields=["closes_at"],
                name="occasion_to_close",
                condition=models.Q(state__in=["open", "started"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave}.{self.nth}"


class Message(models.Model):
    """One planned invitation or reminder; the outbox. The row's UUID is in its Message-ID."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    occasion = models.ForeignKey(Occasion, models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=12, choices=[(k, k) for k in MessageKind])
    nth = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(
        max_length=10, choices=[(s, s) for s in MessageState], default=MessageState.DUE
    )
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, blank=True)  # real time of the next attempt
    slot_at = models.DateTimeField(null=True, blank=True)  # its place in its domain's pace
    n_attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)  # real time, not study time
    lease_token = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    why_not = models.CharField(max_length=40, blank=True)
    language = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["occasion", "kind", "nth"], name="message_once"),
            models.CheckConstraint(
                condition=~models.Q(state="sending")
                | models.Q(lease_until__isnull=False, lease_token__isnull=False),
                name="sending_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="sent") | models.Q(sent_at__isnull=False),
                name="sent_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="message_due", condition=models.Q(state="due")),
            models.Index(
                fields=["lease_until"], name="message_leased", condition=models.Q(state="sending")
            ),
            models.Index(
                fields=["due_at"], name="message_unknown", condition=models.Q(state="unknown")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}.{self.nth}"


class Reconciliation(models.Model):
    """One hourly comparison of a study's live plans with what protocol and facts ask for.

    Times are real, not study time. `last_participant` is how far an unfinished one has come.
    """

    study = models.ForeignKey(Study, models.CASCADE, related_name="reconciliations")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    last_participant = models.BigIntegerField(default=0)
    zone_database = models.CharField(max_length=20)
    release = models.CharField(max_length=40)
    explained_by = models.CharField(
        max_length=10, blank=True, choices=[(e, e) for e in Explanation]
    )
    n_people = models.PositiveIntegerField(default=0)
    n_drifted = models.PositiveIntegerField(default=0)
    n_repaired = models.PositiveIntegerField(default=0)
    drift = models.JSONField(default=list, blank=True)  # whose plans differed, and how; the first

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study"],
                name="one_reconciliation_at_a_time",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} {self.n_drifted} of {self.n_people}"
