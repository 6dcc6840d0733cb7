"""Plain SQL: what is repeated for every mail is planned once."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DataError, close_old_connections, connection, transaction

from surveys.lib import sql
from surveys.lib.models import Heartbeat
from tests.world import NOW

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


def test_changes_are_made_together_and_counted_apart() -> None:
    beat = "INSERT INTO surveys_heartbeat VALUES (%(job)s, %(at)s, %(at)s)"
    for job in ("sweep", "deliver"):
        sql.execute_together(sql.Change(beat, {"job": job, "at": NOW}))
    counts = sql.execute_together(
        sql.Change("DELETE FROM surveys_heartbeat WHERE job = %(job)s", {"job": "sweep"}),
        sql.Change(REPEATED, {"job": "deliver"}),
        sql.Change(REPEATED, {"job": "nobody's"}),
        sql.Change(beat, {"job": "plan", "at": NOW}),
    )
    assert counts == (1, 1, 0, 1)
    assert set(Heartbeat.objects.values_list("job", "beaten_at")) == {
        ("deliver", NOW),
        ("plan", NOW),
    }


def test_what_is_repeated_is_not_confused_by_other_types_and_nothing_at_all() -> None:
    query = "SELECT %(one)s::text, %(two)s::timestamptz, %(three)s::text[]"
    for values in (("a", NOW, ["x"]), (None, None, None), ("b", NOW, []), ("%", None, [None])):
        named = dict(zip(("one", "two", "three"), values, strict=True))
        assert sql.rows_prepared(query, named) == [values]


def test_a_statement_that_failed_can_be_repeated() -> None:
    query = "SELECT 6 / %(by)s::int"
    with pytest.raises(DataError), transaction.atomic():
        sql.rows_prepared(query, {"by": 0})
    assert sql.rows_prepared(query, {"by": 3}) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_knows_nothing_of_the_one_before() -> None:
    for _ in range(2):
        assert sql.rows_prepared("SELECT %(n)s::int", {"n": 1}) == [(1,)]
        connection.close()
