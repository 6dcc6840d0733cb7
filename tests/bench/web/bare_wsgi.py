"""The one view under the platform's own settings, without middleware, for gunicorn."""

from __future__ import annotations

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

settings.ROOT_URLCONF = "tests.bench.web.bare"
settings.MIDDLEWARE = []
application = WSGIHandler()
