"""How far sending had come, remembered outside the database: in Valkey and in a file in VAR_DIR.

A database that is restored from a backup has forgotten mails; these two have not. Either may be
lost or away: the other still knows, and numbers only grow. `restoring` compares, delivery notes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

WIDTH = 120  # of the file's one line; written in place, at one go
TROUBLE = (redis.RedisError, OSError, ValueError)
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mark:
    """The newest attempts by their numbers, and the study time of the newest; 0 is none."""

    claimed: int = 0  # begun by a claim; given back, its row is gone
    started: int = 0  # its body went out, so its row stays for good
    seconds: float = 0  # since 1970

    @property
    def at(self) -> datetime | None:
        """When the newest was."""
        return datetime.fromtimestamp(self.seconds, UTC) if self.seconds else None

    def with_(self, other: Mark) -> Mark:
        """The newer of both, number by number."""
        return Mark(
            max(self.claimed, other.claimed),
            max(self.started, other.started),
            max(self.seconds, other.seconds),
        )


class Memory:
    """What is remembered about one database; a place that fails is left alone from then on."""

    def __init__(self, key: UUID) -> None:
        self._name = f"sent:{key}"
        self._path = Path(settings.VAR_DIR) / "sent" / f"{key}.json"
        self._client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=None
        )
        self._places: list[Callable[[Mark], Mark]] = [self._in_valkey, self._in_file]

    def recall(self) -> Mark:
        """All that any place remembers."""
        return self.note(Mark())

    def note(self, mark: Mark) -> Mark:
        """Remember a mark, and return the newest known; never raises."""
        for place in list(self._places):
            try:
                mark = mark.with_(place(mark))
            except TROUBLE as error:
                self._places.remove(place)
                LOG.warning("what was sent cannot be remembered %s: %s", place.__doc__, error)
        return mark

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(redis.RedisError):
            self._client.close()

    def _in_valkey(self, mark: Mark) -> Mark:
        """in Valkey"""
        known = {name: number for name, number in vars(mark).items() if number}
        if known:
            self._client.zadd(self._name, known, gt=True)
        found: Any = self._client.zrange(self._name, 0, -1, withscores=True)
        return _mark({name.decode(): number for name, number in found})

    def _in_file(self, mark: Mark) -> Mark:
        """in a file"""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640), "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            line = os.pread(file.fileno(), WIDTH, 0)
            found = _mark(json.loads(line)) if line.strip() else Mark()
            newest = found.with_(mark)
            if newest != found:
                os.pwrite(file.fileno(), json.dumps(vars(newest)).ljust(WIDTH).encode(), 0)
            return newest


def _mark(found: dict[str, float]) -> Mark:
    return Mark(
        int(found.get("claimed", 0)), int(found.get("started", 0)), found.get("seconds", 0.0)
    )
