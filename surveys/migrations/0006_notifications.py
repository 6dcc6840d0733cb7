"""Mails that belong to no plan."""

import django.db.models.functions.datetime
from django.db import migrations, models

import surveys.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0005_survive"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=surveys.lib.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(max_length=200, unique=True)),
                ("about", models.CharField(blank=True, max_length=60)),
                ("recipient", models.CharField(blank=True, max_length=60)),
                ("is_urgent", models.BooleanField(default=False)),
                ("sealed", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("due", "Due"), ("sent", "Sent"), ("failed", "Failed")],
                        default="due",
                        max_length=6,
                    ),
                ),
                (
                    "posted_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "not_before",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("n_attempts", models.PositiveIntegerField(default=0)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("last_words", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "due")),
                        fields=["not_before"],
                        name="notifications_due",
                    ),
                    models.Index(fields=["about"], name="notification_by_about"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state", "due"), ("sealed", ""), _connector="OR"),
                        name="ended_notification_is_forgotten",
                    )
                ],
            },
        ),
    ]
