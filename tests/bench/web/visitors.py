"""Visitors over kept connections: as fast as they are answered, or so many a second."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Iterable, Sequence

from tests.bench.web.pages import Post

AT_ONCE = 8
KIND = "application/x-www-form-urlencoded"


class Refused(RuntimeError):
    """The server gave another answer than the one that counts."""


def as_fast_as_answered(port: int, posts: Sequence[Post], status: int) -> float:
    """Seconds for all posts by eight visitors, each sending the next when one is answered."""
    began = time.perf_counter()
    _send(port, [(0.0, post) for post in posts], status, AT_ONCE)
    return time.perf_counter() - began


def at_pace(port: int, posts: Sequence[Post], status: int, *, a_second: float) -> list[float]:
    """The seconds each post took from the moment at which it was due, waiting included."""
    first = time.perf_counter() + 0.5
    due = [(first + n / a_second, post) for n, post in enumerate(posts)]
    return _send(port, due, status, 4 * AT_ONCE)


def _send(
    port: int, due: Iterable[tuple[float, Post]], status: int, n_visitors: int
) -> list[float]:
    waiting: queue.SimpleQueue[tuple[float, Post]] = queue.SimpleQueue()
    for each in due:
        waiting.put(each)
    took: list[float] = []
    errors: list[Exception] = []

    def visit() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            while not errors:
                moment, post = waiting.get_nowait()
                time.sleep(max(moment - time.perf_counter(), 0.0))
                _post(connection, post, status)
                took.append(time.perf_counter() - moment)
        except queue.Empty:
            pass
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=visit) for _ in range(n_visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return took


def _post(connection: http.client.HTTPConnection, post: Post, status: int) -> None:
    headers = {"Content-Type": KIND, "Cookie": post.cookie}
    connection.request("POST", "/survey/", post.body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != status:
        raise Refused(f"{answer.status} instead of {status}")
