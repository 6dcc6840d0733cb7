"""The cache of the settings: it counts attempts, and without it people still get in.

It holds no truth. When its server does not answer, it is an empty cache: the log says so once,
and for a few seconds the server is not asked again, since one login asks a dozen times.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache

REST_SECONDS = 5

_log = structlog.get_logger(__name__)


class FailingOpenCache(RedisCache):
    """Django's Redis cache, except that limits of attempts do without its server."""

    _rests_until = 0.0

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Whether the key is new. Without the server it is, or whoever wants a lock would wait."""
        return bool(self._ask(True, super().add, key, value, timeout, version))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """The value or the default."""
        return self._ask(default, super().get, key, default, version)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        """Keep the value, if anybody can."""
        self._ask(None, super().set, key, value, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Whether there was such a key."""
        return bool(self._ask(False, super().delete, key, version))

    def _ask(self, otherwise: Any, question: Callable[..., Any], *arguments: Any) -> Any:
        if time.monotonic() < self._rests_until:
            return otherwise
        try:
            return question(*arguments)
        except redis.RedisError as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            _log.warning("no cache, so attempts are not counted", error=type(error).__name__)
            return otherwise
