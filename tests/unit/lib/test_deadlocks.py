"""An action that the database ended begins anew, three times at most; other trouble is passed on."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from django.db import OperationalError

from surveys.lib import deadlocks
from surveys.lib.deadlocks import TRIES, repeated


class Outside:
    """A connection without a transaction."""

    in_atomic_block = False


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> type[Outside]:
    monkeypatch.setattr(deadlocks, "connection", Outside)
    monkeypatch.setattr(Outside, "in_atomic_block", False)
    return Outside


def ends(cause: Exception, *, times: int) -> tuple[Callable[[], str], list[int]]:
    """An action that is ended `times` times, and how often it was begun."""
    begun: list[int] = []

    @repeated
    def action() -> str:
        begun.append(len(begun))
        if len(begun) <= times:
            raise OperationalError from cause
        return "done"

    return action, begun


@pytest.mark.parametrize(
    "cause", [psycopg.errors.DeadlockDetected(), psycopg.errors.SerializationFailure()]
)
def test_it_begins_anew(cause: Exception) -> None:
    action, begun = ends(cause, times=TRIES - 1)
    assert action() == "done"
    assert len(begun) == TRIES


def test_it_gives_up() -> None:
    action, begun = ends(psycopg.errors.DeadlockDetected(), times=TRIES)
    with pytest.raises(OperationalError):
        action()
    assert len(begun) == TRIES


def test_a_server_that_is_away_is_no_reason() -> None:
    action, begun = ends(psycopg.errors.AdminShutdown(), times=1)
    with pytest.raises(OperationalError):
        action()
    assert len(begun) == 1


def test_inside_a_larger_transaction_it_is_the_larger_one_that_ended(
    outside: type[Outside],
) -> None:
    outside.in_atomic_block = True
    action, begun = ends(psycopg.errors.DeadlockDetected(), times=1)
    with pytest.raises(OperationalError):
        action()
    assert len(begun) == 1
