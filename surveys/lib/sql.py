"""Plain SQL where the ORM has no words: named parameters in, rows or a row count out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection

NOT_BY_ITSELF = 1_000_000_000  # uses after which psycopg prepares a statement that did not ask


def rows(query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Everything that a query returns."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def execute(query: str, values: Mapping[str, Any] | None = None) -> int:
    """Run a statement; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return int(cursor.rowcount)


def execute_prepared(query: str, values: Mapping[str, Any]) -> int:
    """Run a statement that is repeated often; return how many rows it changed.

    The server keeps its plan, since making one takes longer than a short statement itself.
    """
    with _prepared(query, values) as cursor:
        return cursor.rowcount


def rows_prepared(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Everything that a query returns which is repeated often; its plan is kept too.

    JSON comes as text: `lib.reading` makes model instances of such rows.
    """
    with _prepared(query, values) as cursor:
        return cursor.fetchall()


@contextmanager
def _prepared(query: str, values: Mapping[str, Any]) -> Iterator[psycopg.Cursor[tuple[Any, ...]]]:
    connection.close_if_health_check_failed()  # as Django does before each cursor of its own
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:  # Django's way of preparing nothing, whoever asks
        raw.prepare_threshold = NOT_BY_ITSELF
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(query.encode(), values, prepare=True)
        yield cursor
