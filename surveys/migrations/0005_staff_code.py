"""A public code for each staff member."""

from django.db import migrations, models

import surveys.lib.ids


class Migration(migrations.Migration):
    dependencies = [("surveys", "0004_timing")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="code",
            field=models.CharField(
                default=surveys.lib.ids.staff_code, editable=False, max_length=12, unique=True
            ),
        ),
    ]
