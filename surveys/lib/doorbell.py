"""Asking a worker to look now; the only place that publishes tasks, from web and workers alike.

What is to be done stands in the database, so a ring that nobody hears only means waiting for the
next tick. That is why a ring may give up at once: a broker that hangs must not hold up anybody.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task
from kombu.exceptions import KombuError, OperationalError

PATIENCE = 0.3  # seconds for the connection, and again for the answer
_BRIEF = {
    "socket_timeout": PATIENCE,
    "socket_connect_timeout": PATIENCE,
    "max_retries": 0,
}
_log = logging.getLogger(__name__)


def ring(task: Task[..., Any], *ids: str) -> bool:
    """Ask for a task; False when the broker did not take it.

    The connection is made for this one ring: those in the pool are a worker's, with the patience
    of a worker.
    """
    try:
        with task.app.connection_for_write(transport_options=_BRIEF) as line:
            voice = task.app.amqp.Producer(line, auto_declare=False)
            task.apply_async(ids, producer=voice, retry=False)
    except OperationalError as error:
        said = type(error.__cause__ or error).__name__
        _log.warning("no broker to ring (%s); the next tick finds the work", said)
        return False
    return True


def n_unheard(task: Task[..., Any]) -> int:
    """How many rings wait in the task's queue; 0 when there is no broker to ask."""
    with task.app.connection_for_read(transport_options=_BRIEF) as line:
        absent: tuple[type[BaseException], ...] = (KombuError, *line.connection_errors)
        absent += line.channel_errors  # an empty queue does not exist
        try:
            queue = task.app.amqp.router.route({}, task.name)["queue"].name
            channel: Any = line.default_channel
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except absent:
            return 0
