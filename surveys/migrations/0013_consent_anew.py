"""Consent anew to a changed text, and how everybody came into a study."""

from datetime import date

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery

CAUSES = (
    "withdrawn", "paused", "not_in_version", "not_in_arm", "planned_missing", "branched_out",
    "consent_pending",
)  # fmt: skip


def note_how_people_joined(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Everybody's first consent came the way that they did."""
    consent = apps.get_model("surveys", "ConsentRecord").objects
    first = consent.filter(participant=OuterRef("pk")).order_by("version").values("source")[:1]
    people = apps.get_model("surveys", "Participant").objects.filter(
        joined_by="", consents__isnull=False
    )
    people.update(joined_by=Subquery(first))


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0012_fewer_reminders"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="occasion", name="cause_where_it_belongs"),
        migrations.AlterField(
            model_name="occasion",
            name="cause",
            field=models.CharField(
                blank=True, choices=[(cause, cause) for cause in CAUSES], max_length=20
            ),
        ),
        migrations.AddConstraint(
            model_name="occasion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    cause="", state__in=["planned", "open", "started", "completed", "expired"]
                )
                | models.Q(cause="consent_pending", state="expired")
                | (~models.Q(cause="") & models.Q(state__in=["cancelled", "excluded"])),
                name="cause_where_it_belongs",
            ),
        ),
        migrations.AddField(
            model_name="participant",
            name="consent_pending_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="participant",
            name="group",
            field=models.CharField(blank=True, db_default="", max_length=40),
        ),
        migrations.AddField(
            model_name="signup",
            name="group",
            field=models.CharField(blank=True, db_default="", max_length=40),
        ),
        migrations.AddField(
            model_name="signup",
            name="consent_language",
            field=models.CharField(blank=True, db_default="", max_length=12),
        ),
        migrations.RemoveConstraint(model_name="joiningcount", name="joining_count_once"),
        migrations.AddField(
            model_name="joiningcount",
            name="on",
            field=models.DateField(default=date.today),  # of what was counted without a day
        ),
        migrations.AlterField(model_name="joiningcount", name="on", field=models.DateField()),
        migrations.AlterField(
            model_name="joiningcount",
            name="kind",
            field=models.CharField(
                choices=[
                    ("started", "Started"),
                    ("not_eligible", "Not Eligible"),
                    ("full", "Full"),
                    ("unconfirmed", "Unconfirmed"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="joiningcount",
            constraint=models.UniqueConstraint(
                fields=("study", "on", "kind"), name="joining_count_once"
            ),
        ),
        migrations.RunPython(note_how_people_joined, migrations.RunPython.noop, elidable=True),
    ]
