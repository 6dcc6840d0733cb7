"""Does an action again that the database ended for its own sake. The pipeline wraps actions in it.

Every action holds rows in one order, so two of ours never lock each other out; a backup, a repair
by hand or a foreign tool may. Nothing of an action that was ended is left, so it may simply begin
anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import psycopg
from django.db import OperationalError, connection

TRIES = 3
ENDED = ("40001", "40P01")  # SQLSTATEs: could not serialize, deadlock
P = ParamSpec("P")
T = TypeVar("T")


def repeated(action: Callable[P, T]) -> Callable[P, T]:
    """Let `action`, which is one transaction of its own, begin anew, three times in all."""

    @functools.wraps(action)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            try:
                return action(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not _was_ended(error):
                    raise
        return action(*args, **kwargs)

    return wrapper


def _was_ended(error: OperationalError) -> bool:
    said = error.__cause__
    return isinstance(said, psycopg.Error) and said.sqlstate in ENDED
