"""A worker process that is killed in the middle: what may have arrived is never repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import F

from surveys.messaging.delivery import deliver_due
from surveys.scheduling.models import Message
from tests.smtp import ScriptedServer
from tests.world import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]

Invite = Callable[..., Message]

WORKER = """
import django
django.setup()
from datetime import datetime
from surveys.messaging.delivery import deliver_due
deliver_due(now=datetime.fromisoformat({now!r}), limit=10)
"""


def worker(server: ScriptedServer) -> subprocess.Popen[bytes]:
    """A process of its own that delivers from the test's database."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(
        path="/" + str(connection.settings_dict["NAME"])
    )
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "studyplatform.settings",
        "DATABASE_URL": url.geturl(),
        "EMAIL_URL": f"smtp://{server.host}:{server.port}?timeout=25",
        "MAIL_FROM": settings.MAIL_FROM,
        "PUBLIC_ORIGIN": settings.PUBLIC_ORIGIN,
    }
    code = WORKER.format(now=NOW.isoformat())
    return subprocess.Popen([sys.executable, "-c", code], env=env)


@pytest.mark.parametrize(
    ("fault", "state"), [("rcpt-hang", "due"), ("data-hang", "due"), ("end-hang", "unknown")]
)
def test_kill_minus_nine(server: ScriptedServer, invite: Invite, fault: str, state: str) -> None:
    message = invite()
    server.script.append(fault)
    with worker(server) as process:
        assert server.hanging.wait(30)
        process.send_signal(signal.SIGKILL)

    message.refresh_from_db()
    assert message.state == "sending"
    assert deliver_due(now=NOW, limit=10).n_ended == 0  # its lease still runs

    Message.objects.update(lease_until=F("lease_until") - timedelta(hours=1))
    deliver_due(now=NOW, limit=10)
    message.refresh_from_db()
    assert message.state == state

    Message.objects.update(not_before=None)
    deliver_due(now=NOW, limit=10)
    assert len(server.accepted) == 1
