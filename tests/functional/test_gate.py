"""The gate that keeps the requests of one test out of the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.gate import Gate

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Slow:
    """A response whose closing takes until it is allowed to end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.is_closed = False

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Slow:
        start("200 OK", [])
        return self

    def __iter__(self) -> Iterator[bytes]:
        yield b"whole"

    def close(self) -> None:
        assert self.may_end.wait(10)
        self.is_closed = True


def ask(gate: Gate) -> tuple[str, bytes]:
    """What a web server does with one request."""
    seen: list[str] = []

    def start(status: str, *_headers: Any) -> Any:
        seen.append(status)

    response = gate({}, start)
    body = b"".join(response)
    if (close := getattr(response, "close", None)) is not None:
        close()
    return seen[0], body


def test_closing_waits_for_the_request_within_and_turns_others_away() -> None:
    slow = Slow()
    gate = Gate(slow)
    assert ask(gate)[0] == "503 Service Unavailable", "a gate is closed at first"
    gate.open()
    with ThreadPoolExecutor(2) as pool:
        within = pool.submit(ask, gate)
        while not gate._within:
            pass
        closing = pool.submit(gate.close)
        while gate._is_open:
            pass
        assert ask(gate)[0] == "503 Service Unavailable"
        assert not closing.done()
        slow.may_end.set()
        closing.result(timeout=10)
        assert slow.is_closed
        assert within.result() == ("200 OK", b"whole")


def test_a_request_that_fails_is_no_longer_within() -> None:
    def broken(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        raise ValueError("no")

    gate = Gate(broken)
    gate.open()
    with pytest.raises(ValueError, match="no"):
        ask(gate)
    gate.close()


def test_the_gate_stands_before_the_web_server(live: str, gate: Gate) -> None:
    assert httpx.get(f"{live}/healthz").status_code == 200
    gate.close()
    assert httpx.get(f"{live}/healthz").status_code == 503
