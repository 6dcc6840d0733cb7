"""Our own PostgreSQL and Valkey for one machine, used by `up`, the demo, the tests and the bench.

    with servers(var_dir) as env:       # DATABASE_URL, REDIS_URL, VAR_DIR and the secrets
        subprocess.run([...], env={**os.environ, **env})

With DATABASE_URL or REDIS_URL set, those servers are used and none of ours is started.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from studyplatform.console_lines import Write, quiet
from studyplatform.embedded import account, keys, leftovers, postgres, programs, valkey
from studyplatform.embedded import place as places
from studyplatform.embedded.place import Place
from studyplatform.supervisor import DidNotStart, Program, Supervisor

WAIT_SECONDS = 60


class InUse(RuntimeError):
    """Another process holds the data folder but its servers do not answer."""


# Whatever can go wrong here; each message is a sentence for the person at the terminal.
TROUBLE = (
    InUse,
    DidNotStart,
    account.NoAccount,
    keys.BadKeys,
    leftovers.StillThere,
    places.UnsafePlace,
    postgres.ClusterTrouble,
    programs.NoProgram,
)


@contextlib.contextmanager
def servers(
    var_dir: Path, *, ephemeral: bool = False, write: Write = quiet
) -> Iterator[dict[str, str]]:
    """Run what the environment does not give; yields the environment for child processes.

    `ephemeral` uses a temporary folder in place of `var_dir`: nothing is synced to disk and
    everything is deleted at the end. If another process already runs the
    servers of `var_dir`, they are used and left running.
    """
    with contextlib.ExitStack() as stack:
        if ephemeral:
            made = stack.enter_context(tempfile.TemporaryDirectory(prefix="studyplatform-"))
            os.chmod(made, 0o711)  # noqa: S103 -- the servers' account must get through, not look
            var_dir = Path(made)
        var_dir = var_dir.resolve()
        given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
        env = {"VAR_DIR": str(var_dir), **keys.ensure(var_dir)}
        env |= {name: os.environ[name] for name in keys.NAMES if os.environ.get(name)}
        if not all(given.values()):
            place = places.prepare(var_dir, account.choose())
            wanted = [name for name, url in given.items() if not url]
            if ephemeral:
                stack.callback(place.remove)
            stack.enter_context(_running(place, wanted, durable=not ephemeral, write=write))
            env |= {"DATABASE_URL": place.database_url, "REDIS_URL": place.redis_url}
        yield env | {name: url for name, url in given.items() if url}


@contextlib.contextmanager
def _running(place: Place, wanted: list[str], *, durable: bool, write: Write) -> Iterator[None]:
    """Hold the data folder's lock and run the servers, or use those of the lock's holder."""
    with place.lock.open("a+") as lock:
        if not _acquire(lock, place, wanted):
            write("servers", f"already run by process {_holder(lock)}; using those")
            yield
            return
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        place.note()
        supervisor = _started(place, wanted, durable=durable, write=write)
        try:
            yield
        finally:
            supervisor.stop()
            shutil.rmtree(place.sockets, ignore_errors=True)


def _acquire(lock: IO[str], place: Place, wanted: list[str]) -> bool:
    """True with the lock held; False when its holder's servers answer; raises InUse."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _all_ready(place, wanted):
                return False
            time.sleep(0.2)
        else:
            return True
    raise InUse(
        f"process {_holder(lock)} holds {place.home}, but its servers did not answer for"
        f" {WAIT_SECONDS} seconds; stop it and try again."
    )


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read().strip() or "?"


def _all_ready(place: Place, wanted: list[str]) -> bool:
    checks = {"DATABASE_URL": postgres.is_ready, "REDIS_URL": valkey.is_ready}
    return all(checks[name](place) for name in wanted)


def _started(place: Place, wanted: list[str], *, durable: bool, write: Write) -> Supervisor:
    """Start the servers; a Valkey that cannot read its data starts again without them."""
    found = programs.find(place.account)
    makers = {"DATABASE_URL": postgres.program, "REDIS_URL": valkey.program}

    def start() -> Supervisor:
        planned: list[Program] = [makers[name](place, found, durable=durable) for name in wanted]
        supervisor = Supervisor(planned, write=write)
        supervisor.start()
        return supervisor

    try:
        return start()
    except DidNotStart as trouble:
        if trouble.program != "valkey":
            raise
        write("valkey", f"{trouble}; its data are set aside in {valkey.set_aside(place)}")
        return start()
