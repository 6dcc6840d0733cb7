"""COPY out of PostgreSQL into Arrow tables, without a Python object for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

Raw: TypeAlias = psycopg.Connection[Any]


def copied(raw: Raw, query: str, parameters: Sequence[Any] = ()) -> bytes:
    """What `COPY (query) TO STDOUT` sends; the query's placeholders are bound on this side."""
    with raw.cursor() as cursor, cursor.copy(query, parameters) as copy:
        rows: list[Any] = []
        while row := copy.read():  # waits for the server
            rows.append(row)
            if _drain(raw.pgconn, rows):
                break
        return b"".join(rows)


def _drain(connection: PGconn, rows: list[Any]) -> bool:
    """Take the rows that have arrived already, eight times as fast as one by one; True at the end."""
    n, row = connection.get_copy_data(1)
    while n > 0:
        rows.append(row)
        n, row = connection.get_copy_data(1)
    if n == 0:
        return False
    result = connection.get_result()
    while connection.get_result():
        pass
    if result is None or result.status != ExecStatus.COMMAND_OK:
        raise psycopg.errors.error_from_result(result) if result else psycopg.OperationalError()
    return True


def frame(
    raw: Raw, query: str, parameters: Sequence[Any], types: Mapping[str, pa.DataType]
) -> pa.Table:
    """The rows of a query as a table with these columns; strings have no gaps."""
    data = copied(raw, f"COPY ({query}) TO STDOUT (FORMAT csv)", parameters)
    return parsed(data, types, pyarrow.csv.ParseOptions(newlines_in_values=True))


def lines(
    raw: Raw,
    query: str,
    parameters: Sequence[Any],
    types: Mapping[str, pa.DataType],
    split: str = "\t",
) -> pa.Table:
    """Like `frame` in COPY's text format, for values with quotes in them or without any.

    Backslashes come doubled, as COPY sends them. With another `split` than the tab, a value that
    holds it becomes several columns.
    """
    data = copied(raw, f"COPY ({query}) TO STDOUT (DELIMITER '{split}')", parameters)
    if split != "\t":
        data = data.replace(b"\\" + split.encode(), split.encode())
    return parsed(data, types, unquoted(split))


def unquoted(delimiter: str = ",") -> pyarrow.csv.ParseOptions:
    """Values as they come, without quotes or escapes."""
    return pyarrow.csv.ParseOptions(
        delimiter=delimiter, quote_char=False, double_quote=False, escape_char=False
    )


def parsed(
    data: bytes,
    types: Mapping[str, pa.DataType],
    parse: pyarrow.csv.ParseOptions,
    null: Sequence[str] = ("",),
) -> pa.Table:
    """Separated values as a table of one chunk; strings have no gaps."""
    if not data:
        return pa.schema(types).empty_table()
    return pyarrow.csv.read_csv(
        pa.BufferReader(data),
        pyarrow.csv.ReadOptions(
            use_threads=False, column_names=list(types), block_size=len(data) + 1
        ),
        parse,
        pyarrow.csv.ConvertOptions(
            check_utf8=False,  # PostgreSQL has checked it
            column_types=types,
            strings_can_be_null=False,
            null_values=list(null),
        ),
    )
