"""Plain SQL: what is repeated for every mail is planned once."""

from __future__ import annotations

import psycopg
import pytest
from django.db import close_old_connections, connection

from surveys.lib import sql

pytestmark = pytest.mark.django_db

REPEATED = "UPDATE surveys_heartbeat SET job = job WHERE job = %(job)s"
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(like)s"


def n_prepared(like: str) -> int:
    """How many statements of this session the server keeps a plan for."""
    return int(sql.rows(PREPARED, {"like": like})[0][0])


def test_a_statement_per_mail_is_prepared_once() -> None:
    for job in ("sweep", "deliver"):
        assert sql.execute_prepared(REPEATED, {"job": job}) == 0

    assert n_prepared("UPDATE surveys_heartbeat SET job = job%") == 1


def test_nothing_else_is_prepared_however_often_it_runs() -> None:
    sql.execute_prepared(REPEATED, {"job": "sweep"})
    for _ in range(9):
        sql.execute("UPDATE surveys_heartbeat SET beaten_at = beaten_at")

    assert n_prepared("UPDATE surveys_heartbeat SET beaten_at%") == 0


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_requests_is_replaced() -> None:
    ((mine,),) = sql.rows("SELECT pg_backend_pid()")
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])

    close_old_connections()  # as at the start of each request

    assert sql.execute_prepared(REPEATED, {"job": "sweep"}) == 0
