"""A first form of `flat`, which replaces it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0003_forgotten"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="timing",
            field=models.TextField(default=""),
        ),
    ]
