"""Ten thousand malformed requests to a real web server, and bytes that are no request at all."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain, count
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import OpenRow
from tests.faults.ground import Ground, is_up
from tests.malformed import forms, sweeps
from tests.malformed.judging import SESSIONS, Attack, nothing_stored
from tests.malformed.sending import Ask, Reply, Sender
from tests.malformed.stage import Target, make_target

pytestmark = [pytest.mark.processes, pytest.mark.timeout(900)]

MANY = 10_000
AT_ONCE = 6
PROXIED = {"BEHIND_PROXY": "1"}  # so that each request may come from another address
LARGE = 1_000_000  # a body that the server need not read to the end before it refuses
CLOSED = 499  # no reply, as nginx notes it

TORN = (
    b"\r\n\r\n",
    b"\0" * 500,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the hello of TLS
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 90_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\nx",
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nmood=",  # and then nothing more
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n"
    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n",
    b"POST /api/v1/studies/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmood=",
    b"POST /survey/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Length: 5\r\n\r\n0\r\n\r\n",
)
"""What comes over a wire that is no request, or is cut off within."""


def over_the_wire(origin: str) -> Sender:
    """Sends to a web server, each request on a connection of its own and from its own address."""
    numbers = count()

    def send(ask: Ask) -> Reply:
        n = next(numbers)
        address = {"X-Forwarded-For": f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"}
        kind = {"Content-Type": ask.kind} if ask.kind else {}
        line = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=60)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):
                line.request(ask.method, ask.path, ask.body, {**address, **kind, **ask.all_headers})
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if len(ask.body) < LARGE:
                raise
            return Reply(CLOSED, {}, b"")
        finally:
            line.close()

    return send


def everything(target: Target) -> Iterator[Ask]:
    """Most of what `make test` sends in one process, from the tables."""
    of_forms = chain(forms.participants(target), forms.visitors(target), forms.staff(target))
    yield from chain.from_iterable(form.asks() for form in of_forms)
    for sweep in (sweeps.headers, sweeps.bodies):
        yield from sweep(target)


def test_ten_thousand_malformed_requests(case: OpenRow, ground: Ground) -> None:
    row = case("B9", "10,000 malformed requests over HTTP", "no 5xx, no row")
    target = make_target()
    asks = list(everything(target))
    attack = Attack(over_the_wire(ground.env["PUBLIC_ORIGIN"]))
    parts = [asks[n::AT_ONCE] for n in range(AT_ONCE)]
    with (
        ground.web(env=PROXIED),
        nothing_stored(but=SESSIONS),
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        list(threads.map(attack.all, parts))
    row.saw(f"{attack.n} requests, the worst status {max(attack.statuses)}")
    assert attack.n >= MANY


def test_bytes_that_are_no_request(case: OpenRow, ground: Ground) -> None:
    row = case("B9", "bytes that are no request, and bodies cut off", "refused, and served on")
    make_target()
    host, port = urlsplit(ground.env["PUBLIC_ORIGIN"]).netloc.split(":")
    with ground.web(env=PROXIED), nothing_stored():
        said = [answered(host, int(port), torn) for torn in TORN]
        assert is_up(ground.env)
    row.saw(f"{len(said)} times, {sorted({line[9:12].decode() for line in said})}")
    assert [line for line in said if line and not line.startswith(b"HTTP/1.1 4")] == []


def answered(host: str, port: int, torn: bytes) -> bytes:
    """The first line of the reply; empty when the connection was closed without one."""
    line = socket.create_connection((host, port), timeout=30)
    with line, suppress(ConnectionError, TimeoutError):
        line.sendall(torn)
        line.shutdown(socket.SHUT_WR)
        return line.recv(4096).partition(b"\r\n")[0]
    return b""
