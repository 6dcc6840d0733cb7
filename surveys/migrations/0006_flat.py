"""Submissions as one line of numbers, generated beside the JSON; the export reads them."""

from django.db import migrations, models

import surveys.responding.flat


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0005_staff_code"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="submission",
            name="timing",
        ),
        migrations.AddField(
            model_name="submission",
            name="flat",
            field=models.GeneratedField(
                db_persist=True,
                expression=surveys.responding.flat.Flat("answers", "paradata"),
                output_field=models.TextField(),
            ),
        ),
    ]
