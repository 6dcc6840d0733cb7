"""Who the servers run as: ourselves, or an unprivileged account when we are root.

PostgreSQL refuses to run as root, and what root may read the other account may not.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from studyplatform import leash

CANDIDATES = (
    "nobody",
    "daemon",
    "postgres",
)  # the one that always exists first: it must not change


class NoAccount(RuntimeError):
    """We are root and there is no other account to run PostgreSQL as."""


@dataclass(frozen=True)
class Account:
    """An operating-system account; `leash.NOBODY_NEW` means the one that we have."""

    uid: int = leash.NOBODY_NEW
    gid: int = leash.NOBODY_NEW

    @property
    def is_other(self) -> bool:
        """Whether the servers run as somebody else than we do."""
        return self.uid != leash.NOBODY_NEW

    @property
    def owner(self) -> int:
        """The uid that owns the servers' files."""
        return self.uid if self.is_other else os.getuid()

    def may_reach(self, path: Path) -> bool:
        """Whether a process of this account can enter the folder or read the file."""
        if not self.is_other:
            return os.access(path, os.R_OK)
        probe = subprocess.run(
            ["/bin/sh", "-c", 'if [ -d "$1" ]; then [ -x "$1" ]; else [ -r "$1" ]; fi', "sh", path],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return probe.returncode == 0

    def give(self, path: Path, mode: int = 0o700) -> None:
        """Make the folder this account's own, closed to others."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)
        path.chmod(mode)


def choose() -> Account:
    """$APP_PG_USER, else `nobody`, `daemon` or `postgres` when we are root; else ourselves."""
    if os.getuid() != 0:
        return Account()
    given = os.environ.get("APP_PG_USER")
    for name in [given] if given else CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid)
    raise NoAccount(
        "PostgreSQL does not run as root and none of the accounts"
        f" {', '.join([given] if given else CANDIDATES)} exists; set APP_PG_USER to one that does."
    )
