"""Our own Valkey: the broker's queue and the cache, on a socket, with every second on disk.

It is a doorbell: when its file is damaged beyond repair it starts empty, and the next tick
finds everything that is due in PostgreSQL.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from studyplatform.embedded import leftovers
from studyplatform.embedded.place import Place
from studyplatform.embedded.programs import Programs
from studyplatform.supervisor import Program

LOG_BYTES = 10_000_000


def data_dir(place: Place) -> Path:
    """Where the append-only file is."""
    return place.home / "valkey"


def socket_path(place: Place) -> Path:
    """Where it listens."""
    return place.sockets / "valkey.sock"


def program(place: Place, programs: Programs, *, durable: bool) -> Program:
    """How the supervisor runs it."""
    data = data_dir(place)
    log = place.home / "valkey.log"
    if not data.exists():
        data.mkdir(mode=0o700)
        place.account.give(data)

    def prepare() -> None:
        leftovers.end(data)
        socket_path(place).unlink(missing_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))

    return Program(
        "valkey",
        [
            str(programs.valkey),
            "--port",
            "0",
            "--dir",
            str(data),
            "--unixsocket",
            str(socket_path(place)),
            "--unixsocketperm",
            "700",
            "--appendonly",
            "yes" if durable else "no",
            "--appendfsync",
            "everysec",
            "--save",
            "",
            "--daemonize",
            "no",
            "--maxmemory-policy",
            "noeviction",
        ],
        ready=lambda: is_ready(place),
        prepare=prepare,
        stop_seconds=10,
        cwd=data,
        log=log,
        uid=place.account.uid,
        gid=place.account.gid,
    )


def is_ready(place: Place) -> bool:
    """Whether it answers PING; while it loads its file it answers something else."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(os.fspath(socket_path(place)))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def set_aside(place: Place) -> Path:
    """Move a data folder that Valkey cannot read out of the way; returns where it is now."""
    data = data_dir(place)
    n = 1
    while (aside := data.with_name(f"valkey.damaged-{n}")).exists():
        n += 1
    data.rename(aside)
    return aside
