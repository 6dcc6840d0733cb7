"""A real HTTP gateway for texts in a thread, which misbehaves on command and remembers what it got.

A fault is a status (`429`), `drop` (no reply), `hang` (no reply in time), `garbage` (no HTTP) or
`cut` (the reply breaks off).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class TextGateway:
    """A running gateway; `fault` strikes at each text."""

    url: str = ""
    fault: str = ""
    received: list[tuple[Mapping[str, str], Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@contextmanager
def text_gateway() -> Iterator[TextGateway]:
    """Run one for the length of a test."""
    gateway = TextGateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            gateway.received.append((dict(self.headers), json.loads(body)))
            fault = gateway.fault or "202"
            if fault == "hang":
                gateway.released.wait(30)
            elif fault == "garbage":
                self.wfile.write(b"\x00\x01 what?\r\n\r\n")
            elif fault == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "500")
                self.end_headers()
                self.wfile.write(b"taken")
            elif fault.isdigit():
                self.send_response(int(fault))
                self.end_headers()
                self.wfile.write(f"about {json.loads(body)['to']}".encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}/v1/texts?account=7"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
