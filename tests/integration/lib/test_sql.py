"""Plain SQL: what is repeated for every mail is planned once."""

from __future__ import annotations

import pytest

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
