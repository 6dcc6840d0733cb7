"""Whether this worker was told to stop: its main process says so, its pool processes read it.

Work that may take a minute looks here between two steps, so that a restart cuts nothing short.
"""

from __future__ import annotations

import mmap

_NOT_ASKED, _ASKED = b"\0", b"\1"
_flag = mmap.mmap(-1, 1)  # anonymous and shared: a pool process has it from the fork


def ask() -> None:
    """Let every process of this worker begin nothing new."""
    _flag[:1] = _ASKED


def is_asked() -> bool:
    """Whether to come to an end."""
    return _flag[:1] == _ASKED


def forget() -> None:
    """Begin anew; for tests, which stop several times in one process."""
    _flag[:1] = _NOT_ASKED
