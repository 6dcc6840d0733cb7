"""Composition only: settings, URLs, processes and private servers; no word of the domain.

Importing the package makes the Celery application the current one, so that `shared_task` finds it.
"""

from studyplatform.celery import app as celery_app

__all__ = ["celery_app"]
