"""The surveys app: everything from a study's design to its answers."""

from django.apps import AppConfig


class SurveysConfig(AppConfig):
    """One label for all domain packages."""

    name = "surveys"
    default_auto_field = "django.db.models.BigAutoField"
