"""The analytics app: from rows to tidy, documented datasets."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Reads surveys; surveys does not know it."""

    name = "analytics"
    default_auto_field = "django.db.models.BigAutoField"
