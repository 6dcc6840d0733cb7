"""Who the participants are: the only tables with personal data, encrypted field by field."""

from __future__ import annotations

from django.db import models

from surveys.design.models import ProtocolVersion, Study
from surveys.lib.ids import uuid7
from surveys.participants.models import Participant


class Person(models.Model):
    """Name and address of one participant; `email_index` finds equal addresses without a key leak.

    Somebody who was forgotten keeps a row with the index alone, tied to no participant: it tells
    nothing, but a file that is run again cannot enrol and write to that person anew.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    participant = models.OneToOneField(Participant, models.CASCADE, null=True, related_name="+")
    study = models.ForeignKey(Study, models.PROTECT, related_name="+")
    email = models.TextField(blank=True)  # encrypted, or empty when forgotten
    email_index = models.BinaryField(max_length=16)
    name = models.TextField(blank=True)  # encrypted, or empty

    class Meta:
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(fields=["study", "email_index"], name="address_once_per_study"),
            models.CheckConstraint(
                condition=models.Q(participant__isnull=False) & ~models.Q(email="")
                | models.Q(participant__isnull=True, email="", name=""),
                name="forgotten_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class AddressChange(models.Model):
    """The address that a participant asked for and has not confirmed; one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # what its link names
    participant = models.OneToOneField(Participant, models.CASCADE, related_name="+")
    email = models.TextField()  # encrypted
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.id)


class SignUp(models.Model):
    """Somebody who asked to join by the public link, until they confirm it or it is deleted.

    Once they have joined, the address is gone from here.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    study = models.ForeignKey(Study, models.CASCADE, related_name="sign_ups")
    protocol = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    participant = models.ForeignKey(
        Participant, models.CASCADE, null=True, blank=True, related_name="+"
    )  # once joined
    email = models.TextField(blank=True)  # encrypted, or empty
    email_index = models.BinaryField(max_length=16)
    language = models.CharField(max_length=12)
    timezone = models.CharField(max_length=64)
    strata = models.JSONField(default=dict, blank=True)
    group = models.CharField(max_length=40, blank=True, db_default="")
    panel_id = models.CharField(max_length=120, blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    consent_version = models.PositiveIntegerField()
    consent_language = models.CharField(max_length=12, blank=True, db_default="")
    consented_at = models.DateTimeField()
    signed_text = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # deleted then, whatever became of it

    class Meta:
        indexes = [
            models.Index(fields=["study", "email_index"], name="sign_up_address"),
            models.Index(fields=["expires_at"], name="sign_up_expires"),
        ]

    def __str__(self) -> str:
        return str(self.id)
