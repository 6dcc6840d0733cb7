"""The web application, for gunicorn or any other WSGI server."""

from __future__ import annotations

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest


class Request(WSGIRequest):
    """A request whose Content-Type may be beyond reading; studyplatform.refusals then refuses it."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # unknown to the stubs
        except (ValueError, LookupError):  # it reads the query too, with the charset named
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    """Django's handler with requests of ours."""

    request_class = Request


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyplatform.settings")
django.setup(set_prefix=False)
application = Handler()
