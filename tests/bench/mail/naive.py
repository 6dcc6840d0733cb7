"""One Celery task a message, each with a connection of its own: how it is often done.

The rendered texts come in the task's arguments and no books are kept: nothing is read, nothing
written, so this is faster than what it stands for. Celery's own settings, but for results that
nobody reads.
"""

from __future__ import annotations

import os
import smtplib

from celery import Celery

from tests.bench.mail.letters import Parts

QUEUE = "bench-one-task-a-mail"
BROKER = "BENCH_BROKER"

app = Celery("tests.bench.mail.naive", broker=os.environ.get(BROKER), set_as_current=False)
app.conf.update(task_ignore_result=True, task_default_queue=QUEUE)


@app.task
def send_one(port: int, headers: dict[str, str], text: str, html: str) -> None:
    """Build, connect, send, quit."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(Parts(headers, text, html).built())
