"""Where the private servers keep data and sockets.

Data live in `VAR_DIR/embedded`, or below /var/lib when root's servers cannot enter VAR_DIR.
Sockets live in a short private folder below /tmp, since a socket's path may have no more than
about a hundred bytes. `VAR_DIR/embedded.json` notes both, for commands that come later.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from studyplatform.embedded.account import Account

SYSTEM_HOME = Path("/var/lib/studyplatform")
SOCKETS = Path("/tmp")  # noqa: S108 -- the folder below it is ours alone, and checked
NOTE = "embedded.json"


class UnsafePlace(RuntimeError):
    """A folder that must be ours alone belongs to somebody else."""


@dataclass(frozen=True)
class Place:
    """The folders of one set of servers."""

    var_dir: Path
    home: Path
    sockets: Path
    account: Account

    @property
    def lock(self) -> Path:
        """Held by the process that runs the servers."""
        return self.home / "lock"

    @property
    def database_url(self) -> str:
        """Where PostgreSQL answers."""
        return f"postgresql://app@/app?host={quote(str(self.sockets), safe='')}"

    @property
    def redis_url(self) -> str:
        """Where Valkey answers."""
        return f"unix://{quote(str(self.sockets / 'valkey.sock'))}?db=0"

    def note(self) -> None:
        """Tell later commands where the servers are."""
        fresh = _write(
            self.var_dir, DATABASE_URL=self.database_url, REDIS_URL=self.redis_url, home=self.home
        )
        fresh.replace(self.var_dir / NOTE)

    def remove(self) -> None:
        """Delete data and sockets."""
        for folder in (self.home, self.sockets):
            shutil.rmtree(folder, ignore_errors=True)


def noted(var_dir: Path) -> dict[str, Any]:
    """What the last servers of this VAR_DIR noted, empty before the first."""
    try:
        found: dict[str, Any] = json.loads((var_dir / NOTE).read_text())
    except (OSError, ValueError):
        return {}
    return found


def prepare(var_dir: Path, account: Account) -> Place:
    """Make the folders, or check those that exist."""
    var_dir = var_dir.resolve()
    var_dir.mkdir(parents=True, exist_ok=True)
    home = _home(var_dir, account)
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    sockets = SOCKETS / f"studyplatform-{account.owner}-{name}"
    _own(home, account)
    _own(sockets, account)
    return Place(var_dir, home, sockets, account)


def _home(var_dir: Path, account: Account) -> Path:
    before = Path(noted(var_dir).get("home", ""))
    inside = var_dir / "embedded"
    if before.parent != SYSTEM_HOME and _fits(inside, account):
        return inside  # also after the whole folder was moved
    SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
    SYSTEM_HOME.chmod(0o755)  # whatever the umask is, the servers must get through
    if before.parent == SYSTEM_HOME:
        return before
    # A name of its own: a later folder in the same place must not meet data of other secrets.
    fresh = _write(var_dir, home=SYSTEM_HOME / f"data-{secrets.token_hex(6)}")
    with contextlib.suppress(FileExistsError):
        os.link(fresh, var_dir / NOTE)  # fails if somebody was faster, and theirs counts
    fresh.unlink()
    return Path(noted(var_dir)["home"])


def _write(var_dir: Path, **values: str | Path) -> Path:
    fresh = var_dir / f"{NOTE}.{os.getpid()}"
    fresh.write_text(json.dumps({name: str(value) for name, value in values.items()}, indent=1))
    return fresh


def _fits(home: Path, account: Account) -> bool:
    """Whether the account can get to the folder; the folder itself need not exist yet."""
    return not account.is_other or account.may_reach(home.parent)


def _own(folder: Path, account: Account) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        pass
    else:
        account.give(folder)
    status = folder.lstat()
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == account.owner
    if not is_ours or stat.S_IMODE(status.st_mode) & 0o077:
        raise UnsafePlace(
            f"{folder} must be a folder that belongs to user {account.owner} alone. It was made by"
            " somebody else, perhaps by an earlier run as another user; move it away, or run as"
            " that user."
        )
