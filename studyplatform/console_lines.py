"""Lines of several programs on one screen: a coloured name, a bar, the text."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TextIO, TypeAlias

Write: TypeAlias = Callable[[str, str], None]  # program name, line

COLOURS = {"postgres": 34, "valkey": 35, "web": 32, "planner": 36, "sender": 31, "beat": 33}
OTHER_COLOUR = 37
_one_at_a_time = threading.Lock()


def write_line(name: str, line: str) -> None:
    """Write one line to standard output; a closed output is no reason to stop working."""
    with _one_at_a_time:
        try:
            sys.stdout.write(f"{prefix(name, coloured=wants_colour(sys.stdout))} {line}\n")
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):
            return


def quiet(name: str, line: str) -> None:
    """Write nothing."""


def prefix(name: str, *, coloured: bool) -> str:
    """`name     |`, in the program's colour."""
    text = f"{name:<9}|"
    return f"\033[{COLOURS.get(name, OTHER_COLOUR)}m{text}\033[0m" if coloured else text


def wants_colour(stream: TextIO) -> bool:
    """Colour is for people at a terminal who did not set NO_COLOR."""
    return stream.isatty() and "NO_COLOR" not in os.environ
