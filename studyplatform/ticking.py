"""The beat's scheduler: it rings, unless enough rings wait already that nobody has heard.

Rings with an expiry would do the same, but a worker whose clock is wrong takes each of them for
too old and does nothing at all.
"""

from __future__ import annotations

from typing import Any

from celery import beat
from kombu.exceptions import KombuError
from redis import RedisError

ENOUGH = 20  # in one queue: a few minutes' worth


class Scheduler(beat.Scheduler):
    """Celery's own, with nothing to keep between starts."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Ring for one job whose time has come."""
        if self._n_waiting(entry.task) < ENOUGH:
            super().apply_entry(entry, producer=producer)

    def _n_waiting(self, task: str) -> int:
        """How many rings nobody has heard; 0 when the broker cannot say, and ringing will tell."""
        silent: tuple[type[BaseException], ...] = (KombuError, RedisError, OSError)
        silent += self.connection.channel_errors  # an empty queue does not exist
        try:
            queue = self.app.amqp.router.route({}, task)["queue"].name
            channel: Any = self.producer.channel
            return int(channel.queue_declare(queue=queue, passive=True).message_count)
        except silent:
            return 0
