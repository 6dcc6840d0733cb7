"""Safety alerts and what happened to them."""

import django.db.models.deletion
from django.db import migrations, models

import surveys.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0009_lists_stay_out_of_flat"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default=surveys.lib.ids.alert_code,
                        editable=False,
                        max_length=12,
                        unique=True,
                    ),
                ),
                ("rule", models.CharField(max_length=40)),
                ("instrument", models.CharField(blank=True, max_length=70)),
                ("found", models.JSONField(default=dict)),
                ("is_drill", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("escalated", "escalated"),
                            ("acknowledged", "acknowledged"),
                            ("closed", "closed"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("raised_at", models.DateTimeField()),
                ("escalates_at", models.DateTimeField(blank=True, null=True)),
                ("n_escalations", models.PositiveIntegerField(default=0)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_by", models.CharField(blank=True, max_length=12)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "occasion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="surveys.occasion",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="surveys.protocolversion",
                    ),
                ),
                (
                    "study",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="surveys.study",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AlertStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("raised", "raised"),
                            ("escalated", "escalated"),
                            ("acknowledged", "acknowledged"),
                            ("noted", "noted"),
                            ("closed", "closed"),
                        ],
                        max_length=12,
                    ),
                ),
                ("by", models.CharField(blank=True, max_length=40)),
                ("n_mails", models.PositiveIntegerField(default=0)),
                ("note", models.TextField(blank=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="surveys.alert",
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("state__in", ["open", "escalated"])),
                fields=["escalates_at"],
                name="alerts_to_escalate",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("occasion", "rule"), name="alert_once"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("is_drill", True), ("occasion__isnull", True)),
                    models.Q(("is_drill", False), ("occasion__isnull", False)),
                    _connector="OR",
                ),
                name="drills_have_no_occasion",
            ),
        ),
    ]
