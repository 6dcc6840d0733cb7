"""Locks by name, held by the database until the transaction ends. Used by actions."""

from __future__ import annotations

from django.db import connection


class NoTransaction(RuntimeError):
    """A lock was asked for outside a transaction, where it would be gone at once."""


def hold(name: str) -> None:
    """Wait until no other transaction holds `name`, then hold it until this one ends."""
    if not connection.in_atomic_block:
        raise NoTransaction(f"{name}: a lock needs a transaction to live in")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def try_hold(name: str) -> bool:
    """Hold `name` until this transaction ends, unless another transaction has it."""
    if not connection.in_atomic_block:
        raise NoTransaction(f"{name}: a lock needs a transaction to live in")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        row: tuple[bool] = cursor.fetchone()
    return row[0]
