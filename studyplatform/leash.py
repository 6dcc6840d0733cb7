"""Runs a program so that it cannot outlive whoever started it.

The supervisor starts every child through this file. It drops root if told to, asks the kernel
to signal the program when the parent dies (Linux; elsewhere the next start ends what was left),
and becomes the program. It is run by path, so it imports nothing of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
NOBODY_NEW = -1  # stay who you are


def argv(
    command: Sequence[str],
    *,
    at_death: signal.Signals,
    uid: int = NOBODY_NEW,
    gid: int = NOBODY_NEW,
) -> list[str]:
    """The command line that runs `command` on a leash held by the calling process."""
    leash = [sys.executable, "-I", "-S", os.path.abspath(__file__)]
    return [*leash, str(os.getpid()), str(int(at_death)), str(uid), str(gid), *command]


def die_with_parent(at_death: signal.Signals) -> None:
    """Have the kernel send `at_death` to this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(at_death), 0, 0, 0)


def main(arguments: Sequence[str]) -> None:
    """Become the program named in `arguments`."""
    parent, at_death, uid, gid = (int(text) for text in arguments[:4])
    command = list(arguments[4:])
    if uid != NOBODY_NEW:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)  # before the request below, which a change of user cancels
    die_with_parent(signal.Signals(at_death))
    if os.getppid() != parent:
        sys.exit("the parent is gone already")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, other programs must not
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
