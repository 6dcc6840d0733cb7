"""A line between two programs of a test that can be cut, or go silent.

with proxy_to(sink.port) as line:
    line.cut_after = 900        # bytes of the client, then the connection is reset
    line.mode = Mode.SILENT     # accepts, and says nothing
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto


class Mode(Enum):
    """How the line behaves towards new connections."""

    PASS = auto()
    SILENT = auto()  # accepted, and nothing comes
    AWAY = auto()  # accepted, and reset at once


@dataclass
class Proxy:
    """A listening line."""

    target: int
    listener: socket.socket
    mode: Mode = Mode.PASS
    cut_after: int | None = None
    held: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where to connect."""
        port: int = self.listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.held.append(client)
            if self.mode is Mode.AWAY:
                reset(client)
            elif self.mode is Mode.PASS:
                server = socket.create_connection(("127.0.0.1", self.target))
                self.held.append(server)
                for pair in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, drain: socket.socket, is_client: bool) -> None:
        n_passed = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(256):
                n_passed += len(chunk)
                if is_client and self.cut_after is not None and n_passed > self.cut_after:
                    self.cut_after = None
                    reset(source)
                    reset(drain)
                    return
                drain.sendall(chunk)
        with contextlib.suppress(OSError):
            drain.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """No new connections, and no old ones."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for each in self.held:
            each.close()


def reset(connection: socket.socket) -> None:
    """Close it without a goodbye."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@contextlib.contextmanager
def proxy_to(port: int) -> Iterator[Proxy]:
    """A line to a port of this machine."""
    line = Proxy(port, socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=line.serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.close()
        thread.join(5)
