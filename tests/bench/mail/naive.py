"""One Celery task a message, each with a connection of its own: how it is often done.

The mail comes finished in the task's arguments and no books are kept, so this is the fastest that
this way can be. Celery's own settings, but for results that nobody reads.
"""

from __future__ import annotations

import os
import smtplib

from celery import Celery

QUEUE = "bench-one-task-a-mail"
BROKER = "BENCH_BROKER"

app = Celery("tests.bench.mail.naive", broker=os.environ.get(BROKER), set_as_current=False)
app.conf.update(task_ignore_result=True, task_default_queue=QUEUE)


@app.task
def send_one(port: int, sender: str, to: str, content: str) -> None:
    """Connect, send, quit."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail(sender, [to], content.encode())
