"""Reading much, over several queries, as of one moment; the database refuses every write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def read_only() -> Iterator[None]:
    """Hold one snapshot in which nothing can be written; inside a transaction, refuse writes only."""
    is_inner = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        level = "" if is_inner else "ISOLATION LEVEL REPEATABLE READ, "
        cursor.execute(f"SET TRANSACTION {level}READ ONLY")
        yield
