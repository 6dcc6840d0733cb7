"""Participants by pseudonym, their consent, their allocation and their own dates."""

from __future__ import annotations

from django.db import models

from surveys.design.models import ProtocolVersion, Study
from surveys.lib.ids import uuid7


class Participant(models.Model):
    """A pseudonymous person in one study. Who that is stands in `identity` alone."""

    class Status(models.TextChoices):
        """Where a participant stands in the study."""

        ENROLLED = "enrolled"
        WITHDRAWN = "withdrawn"

    class Reminders(models.TextChoices):
        """How many reminders of each questionnaire somebody wants; invitations go on."""

        ALL = "all"
        ONE = "one"
        NONE = "none"

    study = models.ForeignKey(Study, models.PROTECT, related_name="participants")
    protocol = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    code = models.CharField(max_length=20)
    key = models.UUIDField(default=uuid7, unique=True, editable=False)  # what personal links name
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ENROLLED)
    language = models.CharField(max_length=12)
    timezone = models.CharField(max_length=64)
    site = models.CharField(max_length=60, blank=True)
    strata = models.JSONField(default=dict, blank=True)
    arm = models.CharField(max_length=60, blank=True)
    form = models.CharField(max_length=60, blank=True)  # of a planned-missing design, drawn once
    time_of_day = models.TimeField(null=True, blank=True)  # when they like to be asked
    paused_until = models.DateField(null=True, blank=True)  # their first day after a pause
    pause_ends_at = models.DateTimeField(null=True, blank=True)  # that day's first instant there
    reminders = models.CharField(  # of each occasion; a process of an older release sets none
        max_length=4, choices=Reminders, default=Reminders.ALL, db_default=Reminders.ALL
    )
    unsubscribed_at = models.DateTimeField(null=True, blank=True)  # no mails; still taking part
    enrolled_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_scope = models.CharField(max_length=20, blank=True)
    consent_pending_since = models.DateTimeField(null=True, blank=True)  # has to agree anew
    joined_by = models.CharField(max_length=20, blank=True)  # "csv", "console", "api", "sign-up"
    group = models.CharField(  # whose code they gave on signing up; an older process sets none
        max_length=40, blank=True, db_default=""
    )
    panel_id = models.CharField(max_length=120, blank=True)  # a panel's pseudonym, no address
    parameters = models.JSONField(default=dict, blank=True)  # what else the panel's link said

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "code"], name="participant_code_once"),
            models.UniqueConstraint(
                fields=["study", "panel_id"],
                condition=~models.Q(panel_id=""),
                name="panel_id_once_per_study",
            ),
            models.CheckConstraint(
                condition=models.Q(status="withdrawn", withdrawn_at__isnull=False)
                | models.Q(status="enrolled", withdrawn_at__isnull=True),
                name="withdrawn_has_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_until__isnull=True, pause_ends_at__isnull=True)
                | models.Q(paused_until__isnull=False, pause_ends_at__isnull=False),
                name="pause_has_an_end",
            ),
            models.CheckConstraint(
                condition=models.Q(reminders__in=["all", "one", "none"]), name="reminders_known"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def most_reminders(self) -> int | None:
        """At most how many reminders of one occasion they want; None when they want all."""
        most = {self.Reminders.ONE: 1, self.Reminders.NONE: 0}
        return most.get(self.Reminders(self.reminders))


class Anchor(models.Model):
    """A date of one participant's own, set later, from which waves are counted."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="anchors")
    name = models.SlugField(max_length=60)
    on = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "name"], name="anchor_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.on}"


class ConsentRecord(models.Model):
    """That a participant agreed to one version of the consent text, and how we know."""

    participant = models.ForeignKey(Participant, models.CASCADE, related_name="consents")
    version = models.PositiveIntegerField()
    language = models.CharField(max_length=12)
    text_hash = models.CharField(max_length=64)
    given_at = models.DateTimeField()
    source = models.CharField(max_length=40)  # "csv", "console", "api", "sign-up", "renewal"
    signed_text = models.TextField(blank=True)  # what they saw and ticked, where they did so here
    signed_hash = models.CharField(max_length=64, blank=True)  # SHA-256 of it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "version"], name="consent_once"),
        ]

    def __str__(self) -> str:
        return f"v{self.version} {self.given_at:%Y-%m-%d}"


class Allocation(models.Model):
    """Which place in the concealed list a participant took; one per participant, for good."""

    participant = models.OneToOneField(Participant, models.PROTECT, related_name="allocation")
    study = models.ForeignKey(Study, models.PROTECT, related_name="+")
    stratum = models.CharField(max_length=200)
    position = models.PositiveIntegerField()  # from 0, within the stratum
    arm = models.CharField(max_length=60)
    allocated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "stratum", "position"], name="allocation_place_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stratum}[{self.position}] {self.arm}"


class JoiningCount(models.Model):
    """How many visitors of a study's public link came on a day; nothing else is kept of them."""

    class Kind(models.TextChoices):
        """What is counted."""

        STARTED = "started"
        NOT_ELIGIBLE = "not_eligible"
        FULL = "full"
        UNCONFIRMED = "unconfirmed"  # signed up that day, and never confirmed it

    study = models.ForeignKey(Study, models.CASCADE, related_name="joining_counts")
    on = models.DateField()  # in the study's time zone
    kind = models.CharField(max_length=12, choices=Kind.choices)
    n = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["study", "on", "kind"], name="joining_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.n} {self.kind}"
