"""Rows out of PostgreSQL into Arrow tables, without a Python object for each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

Raw: TypeAlias = psycopg.Connection[Any]
Types: TypeAlias = Mapping[str, pa.DataType]


def _unquoted(delimiter: str) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(
        delimiter=delimiter, quote_char=False, double_quote=False, escape_char=False
    )


QUOTED = pyarrow.csv.ParseOptions(newlines_in_values=True)
LINES, TABBED = _unquoted(";"), _unquoted("\t")


class _AsBytes(Loader):
    """Text as it came, for parsers that want bytes."""

    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        """The bytes."""
        return bytes(data)


def copied(raw: Raw, query: str, parameters: Mapping[str, Any]) -> bytes:
    """The rows of a query as CSV, by COPY."""
    copy_out = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    with raw.cursor() as cursor, cursor.copy(copy_out, parameters) as copy:
        return b"".join(copy)


def joined(raw: Raw, query: str, parameters: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The one row of a query whose columns are long texts, each made by `string_agg`.

    COPY hands rows over one by one, which for the submissions took three times as long on this
    side as one text of them all.
    """
    with psycopg.Cursor(raw) as cursor:
        cursor.adapters.register_loader("text", _AsBytes)
        cursor.execute(query, parameters, binary=True, prepare=False)
        row = cursor.fetchone() or ()
    return tuple(text or b"" for text in row)


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
