"""Rows out of PostgreSQL into Arrow tables, without a Python object for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg.pq import ExecStatus, Format

from analytics.tidy.arrays import NO_MOMENT
from analytics.tidy.chunk import Millis

Raw: TypeAlias = psycopg.Connection[Any]
Types: TypeAlias = Mapping[str, pa.DataType]


def _unquoted(delimiter: str) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(
        delimiter=delimiter, quote_char=False, double_quote=False, escape_char=False
    )


_HEADER_BYTES = 20  # dimensions, flags, type, length, lower bound
_ELEMENT = np.dtype([("length", ">i4"), ("value", ">i8")])  # microseconds since 2000
_YEAR_2000 = 946_684_800_000

QUOTED = pyarrow.csv.ParseOptions(newlines_in_values=True)
LINES, TABBED = _unquoted(";"), _unquoted("\t")


def copied(raw: Raw, query: str, parameters: Mapping[str, Any]) -> bytes:
    """The rows of a query as CSV, by COPY."""
    copy_out = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    with raw.cursor() as cursor, cursor.copy(copy_out, parameters) as copy:
        return b"".join(copy)


def joined(raw: Raw, query: str, *lists: Sequence[int]) -> tuple[bytes, ...]:
    """The one row of a query whose columns are made by `string_agg`, or `array_agg` of instants.

    `lists` are the parameters $1, $2. COPY hands rows over one by one, which took three times as
    long on this side; and libpq waits for a whole answer without Python's lock, so that the other
    threads go on.
    """
    literals = ["{%s}" % ",".join(map(str, listed)) for listed in lists]  # noqa: UP031  # braces
    result = raw.pgconn.exec_params(
        query.encode(), [literal.encode() for literal in literals], result_format=Format.BINARY
    )
    if result.status != ExecStatus.TUPLES_OK:
        raise psycopg.errors.error_from_result(result)
    return tuple(result.get_value(0, column) or b"" for column in range(result.nfields))


def instants(array: bytes) -> Millis:
    """An array of timestamptz as PostgreSQL sends it, `-infinity` for a gap, in milliseconds."""
    values = np.frombuffer(array, dtype=_ELEMENT, offset=min(_HEADER_BYTES, len(array)))["value"]
    micros = values.astype(np.int64)
    return np.where(micros == NO_MOMENT, NO_MOMENT, micros // 1000 + _YEAR_2000)


def parsed(
    data: bytes, types: Types, parse: pyarrow.csv.ParseOptions, null: Sequence[str] = ("",)
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
