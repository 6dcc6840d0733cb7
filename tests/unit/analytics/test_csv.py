"""CSV cells: quoting, formulas, numbers, times; and the way back through ordinary readers."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.formats.csv_format import CsvWriter, Rendered, guarded, lines_of
from analytics.tidy.arrays import MOMENT, WORD
from analytics.tidy.fixed import Column, Table


def lines(**columns: pa.Array) -> list[list[str]]:
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    text = bytes(lines_of(batch)).decode()
    assert text.endswith("\n")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+49 30", "-x", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", " =1", "  \t@x", "\n=1",
        "\u3000=1", "\u00a0=1", "\ufeff=1", "\u200b=1", "\uff1d1", "\uff0b1", "\uff0d1", " \uff20x",
        '=HYPERLINK("http://x","y")',
    ],
)  # fmt: skip
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert lines(text=pa.array([text])) == [["'" + text]]


@pytest.mark.parametrize(
    "text", ["a=1", "1+1", "x@y.example", "a-b", "'=1", "ü=", "שלום", "🙂", "²"]
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert lines(text=pa.array([text])) == [[text]]


def test_numbers_stay_numbers() -> None:
    values = pa.array([-1.0, 3.0, 0.1, 1e21, 2.5e-7, 1 / 3, None, 123456789012345.0])
    cells = [row[0] for row in lines(value=values, other=pa.array([1] * 8, pa.int32()))]
    assert cells[:2] == ["-1", "3"]
    assert [float(cell) for cell in cells if cell] == [
        v for v in values.to_pylist() if v is not None
    ]
    assert cells[6] == ""


def test_times_are_iso_8601_in_utc() -> None:
    moment = pa.array([datetime(2027, 3, 1, 9, 0, 0, 5000, tzinfo=UTC), None], MOMENT)
    assert lines(at=moment, yes=pa.array([True, None])) == [
        ["2027-03-01T09:00:00.005Z", "true"],
        ["", ""],
    ]


def test_words_from_a_list_and_gaps() -> None:
    words = pa.DictionaryArray.from_arrays(
        pa.array([1, None, 0], pa.int32()), pa.array(['a"b', "c,d"])
    )
    assert lines(word=words, n=pa.array([1, 2, 3], pa.int32())) == [
        ["c,d", "1"],
        ["", "2"],
        ['a"b', "3"],
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.integers(-5, 5)),
        ),
        min_size=1,
    )
)
def test_any_rows_come_back_through_the_standard_reader(
    rows: list[tuple[str | None, float | None, int | None]],
) -> None:
    texts, floats, whole = zip(*rows, strict=True)
    column = pa.array(texts, pa.string())
    back = lines(
        text=column, value=pa.array(floats, pa.float64()), n=pa.array(whole, pa.int32()),
        again=column.dictionary_encode().cast(WORD),
    )  # fmt: skip
    assert [row[0] for row in back] == [text or "" for text in guarded(column).to_pylist()]
    assert [row[3] for row in back] == [row[0] for row in back]
    assert [float(row[1]) if row[1] else None for row in back] == list(floats)
    assert [int(row[2]) if row[2] else None for row in back] == list(whole)


def test_joining_keeps_rows_apart() -> None:
    left = Rendered(pa.array(["a", "b", ""]), np.array([0, 1, 2, 0], dtype=np.int32))
    right = Rendered(pa.array(["x", ""]), np.array([0, 1, 0, 1], dtype=np.int32))
    both = left.joined(right)
    assert both.spread().to_pylist() == ["a,x", "b,", ",x", "a,"]
    assert len(both.cells) == 4


def test_many_combinations_are_written_alike() -> None:
    """More distinct cells than neighbours may be joined for."""
    n = 70_000
    rows = lines(
        a=pa.array(np.arange(n), pa.int32()),
        b=pa.array(np.arange(n) % 7, pa.int32()),
        c=pa.array([f"t{i}" for i in range(n)]),
    )
    assert rows[0] == ["0", "0", "t0"]
    assert rows[-1] == [str(n - 1), str((n - 1) % 7), f"t{n - 1}"]
    assert len(rows) == n


def test_a_file_without_rows_has_its_header_guarded(tmp_path: Path) -> None:
    table = Table("t", "", (Column("t", "=cmd", "text", ""), Column("t", "b,c", "number", "")))
    CsvWriter(tmp_path / "t.csv", table).close()
    assert (tmp_path / "t.csv").read_text() == '\'=cmd,"b,c"\n'
    assert pd.read_csv(tmp_path / "t.csv").empty
