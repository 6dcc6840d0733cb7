"""A forgotten person keeps a fingerprint alone, tied to no participant."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("surveys", "0002_promises"),
    ]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="email",
            field=models.TextField(blank=True),
        ),
        migrations.AlterField(
            model_name="person",
            name="participant",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="surveys.participant",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("participant__isnull", False), models.Q(("email", ""), _negated=True)
                    ),
                    models.Q(("email", ""), ("name", ""), ("participant__isnull", True)),
                    _connector="OR",
                ),
                name="forgotten_is_empty",
            ),
        ),
    ]
