"""gunicorn's configuration: `gunicorn -c python:studyplatform.webserver studyplatform.wsgi`.

$BIND, $WEB_WORKERS and $WEB_THREADS size it. Access lines go through the same redaction as all
others, and they name no visitor's address and no query string.
"""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyplatform.settings")
os.environ.setdefault("STATEMENT_SECONDS", "60")  # whoever asked has long gone
django.setup(set_prefix=False)

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 20
keepalive = 5
max_requests = 20_000
max_requests_jitter = 2_000
if Path("/dev/shm").is_dir():  # noqa: S108 -- a heartbeat file that must not wait for a disk
    worker_tmp_dir = "/dev/shm"  # noqa: S108
control_socket_disable = True
logconfig_dict = settings.LOGGING
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
