"""Plain SQL where the ORM has no words: named parameters in, rows or a row count out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections

T = TypeVar("T")
Cursor: TypeAlias = psycopg.Cursor[tuple[Any, ...]]
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
    return _prepared(query, values, lambda cursor: cursor.rowcount)


def rows_prepared(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Everything that a query returns which is repeated often; its plan is kept too.

    JSON comes as text: `lib.reading` makes model instances of such rows.
    """
    return _prepared(query, values, lambda cursor: cursor.fetchall())


def _prepared(query: str, values: Mapping[str, Any], read: Callable[[Cursor], T]) -> T:
    django = connections[DEFAULT_DB_ALIAS]
    django.close_if_health_check_failed()  # as Django does before each cursor of its own
    django.ensure_connection()
    raw = django.connection
    if raw.prepare_threshold is None:  # Django's way of preparing nothing, whoever asks
        raw.prepare_threshold = NOT_BY_ITSELF
    with django.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(query.encode(), values, prepare=True)
        return read(cursor)
