import surveys.responding.timing
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0003_forgotten"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="timing",
            field=models.GeneratedField(
                db_persist=True,
                expression=surveys.responding.timing.Timing("paradata"),
                output_field=models.TextField(),
            ),
        ),
    ]
