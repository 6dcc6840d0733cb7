"""What happened at mail servers: attempts, returned mails, and what keeps us from sending."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from surveys.lib.ids import uuid7
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


class Suppression(models.Model):
    """An address to which this platform does not write, in whatever study; a keyed fingerprint."""

    class Reason(models.TextChoices):
        """Why nothing is sent there."""

        BOUNCE = "bounce"  # returned for good, or several times in a row
        COMPLAINT = "complaint"  # called unwanted by its owner
        STAFF = "staff"

    address_index = models.BinaryField(max_length=16, unique=True)
    reason = models.CharField(max_length=10, choices=Reason.choices)
    since = models.DateTimeField()
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, related_name="suppressions"
    )
    detail = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.reason} {self.since:%Y-%m-%d}"


class MailEvent(models.Model):
    """What a mail provider told us about one mail; each event counts once."""

    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)  # a Verdict, or anymail's word: delivered, deferred, ...
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, blank=True, related_name="events"
    )
    address_index = models.BinaryField(max_length=16, null=True, blank=True)  # whose it was
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField()
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="mail_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.happened_at:%Y-%m-%d %H:%M}"


class MailServer(models.Model):
    """The circuit breaker of one mail server: while open, nobody tries it. Real time."""

    host = models.CharField(max_length=255, primary_key=True)
    n_failures = models.PositiveIntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True)
    last_words = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.host


class MailDomain(models.Model):
    """When the next mail to one domain may go out, by a keyed fingerprint. Real time."""

    domain_index = models.BinaryField(max_length=16, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"next at {self.next_at:%H:%M:%S}"


class SendingHold(models.Model):
    """That nothing is sent until a person says so, such as after a backup was restored; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    since = models.DateTimeField()
    reason = models.CharField(max_length=300)
    is_restored = models.BooleanField(default=False)  # the database is older than what was sent
    sent_until = models.DateTimeField(null=True, blank=True)  # the newest mail that is remembered

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="hold_has_one_row"),
        ]

    def __str__(self) -> str:
        return f"held since {self.since:%Y-%m-%d %H:%M}"


class DatabaseOrigin(models.Model):
    """Which database this is; one row. A copy or a backup carries the same `key` as the original.

    `place` names the server and the database on it in which the row was last seen.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.UUIDField(default=uuid7)
    place = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="origin_has_one_row"),
        ]

    def __str__(self) -> str:
        return str(self.key)


class Notification(models.Model):
    """One mail that belongs to no plan, such as an alert to staff; `notifying` posts and sends it.

    Address and words are encrypted, and forgotten once the mail is out or given up. Times are
    real, not study time, but for `sent_at`.
    """

    class State(models.TextChoices):
        """Where it stands."""

        DUE = "due"
        SENT = "sent"
        FAILED = "failed"  # refused for good, or tried for days

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200, unique=True)  # posted twice it is one mail
    about = models.CharField(max_length=60, blank=True)  # the code of what it tells of
    recipient = models.CharField(max_length=60, blank=True)  # a code, never an address
    is_urgent = models.BooleanField(default=False)  # goes out although sending is held
    sealed = models.TextField(blank=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.DUE)
    posted_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(db_default=Now())
    n_attempts = models.PositiveIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_words = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"], name="notifications_due", condition=models.Q(state="due")
            ),
            models.Index(fields=["about"], name="notification_by_about"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="due") | models.Q(sealed=""),
                name="ended_notification_is_forgotten",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"
