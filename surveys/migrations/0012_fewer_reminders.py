"""How many reminders of each questionnaire somebody wants."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0011_joining"),
    ]

    operations = [
        migrations.AddField(
            model_name="participant",
            name="reminders",
            field=models.CharField(
                choices=[("all", "All"), ("one", "One"), ("none", "None")],
                db_default="all",
                default="all",
                max_length=4,
            ),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(
                condition=models.Q(("reminders__in", ["all", "one", "none"])),
                name="reminders_known",
            ),
        ),
    ]
