"""A gate before the web server of the tests: no request of one test reaches into the next.

A browser may send what it holds, such as a draft, in the moment a test ends. Emptying the tables
while such a request still runs is a deadlock, or leaves its rows to the next test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE_SECONDS = 60.0


class Gate:
    """A WSGI application that lets requests through to `inner` while it is open."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner
        self._changed = threading.Condition()
        self._is_open = False
        self._within = 0

    def open(self) -> None:
        """Let requests through from now on."""
        with self._changed:
            self._is_open = True

    def close(self) -> None:
        """Turn requests away with 503, and wait for the end of those that are within."""
        with self._changed:
            self._is_open = False
            ended = self._changed.wait_for(lambda: self._within == 0, PATIENCE_SECONDS)
        assert ended, f"a request still runs {PATIENCE_SECONDS:g} s after its test has ended"

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        with self._changed:
            if not self._is_open:
                start("503 Service Unavailable", [("Content-Length", "0")])
                return []
            self._within += 1
        try:
            return _Counted(self._inner(environ, start), self._left)
        except BaseException:
            self._left()
            raise

    def _left(self) -> None:
        with self._changed:
            self._within -= 1
            self._changed.notify_all()


class _Counted:
    """A response that tells when it is closed, which is when Django is done with the request."""

    def __init__(self, response: Iterable[bytes], closed: Callable[[], None]) -> None:
        self._response = response
        self._closed = closed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        try:
            if (close := getattr(self._response, "close", None)) is not None:
                close()
        finally:
            self._closed()
