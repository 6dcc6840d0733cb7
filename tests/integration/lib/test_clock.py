"""Asking the time is also how a request learns whether its connection still lives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from surveys.lib import clock, sql
from tests.statements import statements

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """A connection as a request finds it that an earlier one has left behind."""
    own: Any = connection  # the stubs know nothing of health checks
    own.ensure_connection()
    own.health_check_enabled, own.health_check_done = True, False
    yield
    connection.close()


def end_it() -> None:
    """As a restart of the server would."""
    told = connection.settings_dict
    address = f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}"
    with psycopg.connect(address, autocommit=True) as other:
        pid = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


def test_a_dead_connection_is_replaced() -> None:
    dead = connection.connection
    end_it()
    clock.now()
    assert connection.connection is not dead
    assert sql.rows("SELECT 1") == [(1,)]


def test_a_live_one_is_asked_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with statements(monkeypatch) as found:
        clock.now()
        with transaction.atomic():
            sql.rows_prepared("SELECT 2", {})
    assert len(found) == 2, found


def test_other_statements_check_it_themselves() -> None:
    end_it()
    assert sql.rows_prepared("SELECT 2", {}) == [(2,)]


@transaction.atomic
def lose_it_in_the_middle() -> None:
    clock.now()
    end_it()
    clock.now()


def test_nothing_is_replaced_within_a_transaction() -> None:
    clock.now()
    with pytest.raises(OperationalError):
        lose_it_in_the_middle()
