"""Plain SQL where the ORM has no words: named parameters in, rows or a row count out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg.types.datetime import TimestamptzLoader

NOT_BY_ITSELF = 1_000_000_000  # uses after which psycopg prepares a statement that did not ask

Cursor: TypeAlias = psycopg.Cursor[tuple[Any, ...]]


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


@dataclass(frozen=True)
class Change:
    """An INSERT, UPDATE or DELETE without RETURNING, and its values.

    What is raised `otherwise` asks for exactly one row that is changed.
    """

    query: str
    values: Mapping[str, Any]
    otherwise: Exception | None = None


def execute_together(*changes: Change) -> tuple[int, ...]:
    """Run changes as one statement that is repeated often; return how many rows each changed.

    All see the rows as they were before any of them, so no two may change the same row.
    """
    values = {_own(n, name): v for n, each in enumerate(changes) for name, v in each.values.items()}
    (counts,) = rows_prepared(_as_one(*(each.query for each in changes)), values)
    for each, count in zip(changes, counts, strict=True):
        if each.otherwise is not None and count != 1:
            raise each.otherwise
    return counts


def execute_prepared(query: str, values: Mapping[str, Any]) -> int:
    """Run a statement that is repeated often; return how many rows it changed.

    The server keeps its plan, since making one takes longer than a short statement itself.
    """
    return _prepared(query, values).rowcount


def rows_prepared(query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Everything that a query returns which is repeated often; its plan is kept too.

    JSON comes as text: `lib.reading` makes model instances of such rows.
    """
    return _prepared(query, values).fetchall()


@dataclass
class _Session(threading.local):
    """The cursors of this thread's session with the database, one for each prepared statement.

    A cursor remembers how it turned values into parameters and results into rows; finding that out
    anew takes about as long as the statement.
    """

    of: Any = None
    cursors: dict[str, tuple[Cursor, bytes]] = field(default_factory=dict)


_session = _Session()


def _prepared(query: str, values: Mapping[str, Any]) -> Cursor:
    own = connections[DEFAULT_DB_ALIAS]
    own.close_if_health_check_failed()  # as Django does before each cursor of its own
    own.ensure_connection()
    if _session.of is not own.connection:
        _begin(own.connection)
    if query not in _session.cursors:
        cursor = psycopg.Cursor(own.connection)
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)  # in C; Django's is not
        _session.cursors[query] = cursor, query.encode()
    cursor, encoded = _session.cursors[query]
    with own.wrap_database_errors:
        return cursor.execute(encoded, values, prepare=True)


def _begin(raw: Any) -> None:
    _session.of, _session.cursors = raw, {}
    if raw.prepare_threshold is None:  # Django's way of preparing nothing, whoever asks
        raw.prepare_threshold = NOT_BY_ITSELF


@cache
def _as_one(*queries: str) -> str:
    named = [query.replace("%(", f"%({_own(n, '')}") for n, query in enumerate(queries)]
    parts = [f"c{n} AS ({query} RETURNING 1)" for n, query in enumerate(named)]
    counts = [f"(SELECT count(*) FROM c{n})" for n in range(len(queries))]  # noqa: S608 -- no value
    return f"WITH {', '.join(parts)} SELECT {', '.join(counts)}"


def _own(n: int, name: str) -> str:
    """The name that a parameter of the n-th change has among those of the others."""
    return f"c{n}_{name}"
