"""Answers may be lists of codes; `Submission.flat` is made anew, without a look into them."""

from django.db import migrations, models

from surveys.responding.flat import Flat


class Migration(migrations.Migration):
    dependencies = [("surveys", "0008_address_changes")]

    operations = [
        migrations.RemoveField("submission", "flat"),
        migrations.AddField(
            "submission",
            "flat",
            models.GeneratedField(
                expression=Flat("answers", "paradata"),
                output_field=models.TextField(),
                db_persist=True,
            ),
        ),
    ]
