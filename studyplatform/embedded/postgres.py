"""Our own PostgreSQL: one cluster, one superuser `app`, one database `app`, a socket only.

`trust` is safe here because the only way in is a socket in a folder closed to everybody else.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psycopg

from studyplatform import leash
from studyplatform.embedded import leftovers
from studyplatform.embedded.place import Place
from studyplatform.embedded.programs import Programs
from studyplatform.supervisor import Program

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
BUILTIN_LOCALE_SINCE = 17
PLAIN_ENV = {"LC_ALL": "C", "TZ": "UTC"}  # the caller's locale may not exist on this machine
LOG_BYTES = 10_000_000


class ClusterTrouble(RuntimeError):
    """The data folder cannot be used; the message says what to do."""


def data_dir(place: Place) -> Path:
    """The cluster's folder."""
    return place.home / "postgres"


def program(place: Place, programs: Programs, *, durable: bool) -> Program:
    """How the supervisor runs it; makes the cluster first if there is none."""
    data = data_dir(place)
    log = place.home / "postgres.log"
    if not data.exists():
        _init(place, programs, durable=durable)
    _check_version(data, programs.postgres_major)
    settings = SETTINGS | ({} if durable else FORGETFUL)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def prepare() -> None:
        leftovers.end(data)
        # Nobody works there any more, so these only hold numbers that other processes may have now.
        for stale in (data / "postmaster.pid", *place.sockets.glob(".s.PGSQL.5432*")):
            stale.unlink(missing_ok=True)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))

    command = [str(programs.postgres_bin / "postgres"), "-D", str(data), "-k", str(place.sockets)]
    return Program(
        "postgres",
        [*command, "-p", "5432", *options],
        env=PLAIN_ENV,
        ready=lambda: is_ready(place),
        prepare=prepare,
        stop_signal=signal.SIGINT,  # "fast": ends sessions and shuts down cleanly
        stop_seconds=20,
        cwd=data,
        log=log,
        uid=place.account.uid,
        gid=place.account.gid,
    )


def is_ready(place: Place) -> bool:
    """Whether a client gets in; makes the database `app` on the way. A pid proves nothing."""
    try:
        with psycopg.connect(
            host=str(place.sockets),
            port=5432,
            user="app",
            dbname="postgres",
            autocommit=True,
            connect_timeout=3,
        ) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname='app'").fetchone():
                connection.execute("CREATE DATABASE app")
    except psycopg.errors.DuplicateDatabase:
        return True
    except psycopg.OperationalError:
        return False
    return True


def _init(place: Place, programs: Programs, *, durable: bool) -> None:
    """Make the cluster beside its final place, so that a half-made one is never used."""
    fresh = place.home / f"postgres.new-{os.getpid()}"
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if programs.postgres_major >= BUILTIN_LOCALE_SINCE
        else ["--locale=C.UTF-8"]
    )
    command = [
        str(programs.postgres_bin / "initdb"),
        "-D",
        str(fresh),
        "-U",
        "app",
        "-A",
        "trust",
        "-E",
        "UTF8",
        *locale,
        "--data-checksums",
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(
        leash.argv(command, at_death=signal.SIGKILL, uid=place.account.uid, gid=place.account.gid),
        env={**os.environ, **PLAIN_ENV},
        cwd=place.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise ClusterTrouble(f"the database could not be made in {fresh}:\n{done.stdout}")
    fresh.rename(data_dir(place))


def _check_version(data: Path, major: int) -> None:
    try:
        made_by = int((data / "PG_VERSION").read_text())
    except (OSError, ValueError) as error:
        raise ClusterTrouble(f"{data} is not a PostgreSQL data folder; move it away") from error
    if made_by != major:
        raise ClusterTrouble(
            f"{data} was made by PostgreSQL {made_by}, but the programs found are version {major}."
            f" Set APP_PG_BIN to version {made_by}, dump the data with it, move the folder away"
            " and restore into a new one."
        )
