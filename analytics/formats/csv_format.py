"""CSV: UTF-8, comma, decimal point, ISO 8601 in UTC, an empty cell for a gap.

Cells of words that a spreadsheet could take for a formula get a leading apostrophe; numbers stay
numbers. Each column is rendered once per distinct value, and neighbours with few combinations are
joined before they are spread over the rows, so that millions of rows cost a few copies each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analytics.tidy.fixed import Table

# After blanks of any kind, also in full width; or a control character that starts a cell anew.
_FORMULA = r"^(?:[\x00\t\r\n]|[\s\pZ\x{feff}\x{200b}]*[=+\-@\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}])"
_NEEDS_QUOTES = r'[",\r\n]'
_MOST_COMBINATIONS = 1 << 16


def guarded(texts: pa.Array) -> pa.Array:
    """Texts with an apostrophe before whatever a spreadsheet could run."""
    risky = pc.match_substring_regex(texts, _FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)


def quoted(texts: pa.Array) -> pa.Array:
    """Texts in quotes where a comma, a quote or a line end asks for them."""
    awkward = pc.match_substring_regex(texts, _NEEDS_QUOTES)
    doubled = pc.replace_substring(texts, '"', '""')
    return pc.if_else(awkward, pc.binary_join_element_wise('"', doubled, '"', ""), texts)


@dataclass(frozen=True)
class Rendered:
    """A column, or several joined by commas: distinct cells, and which one each row has."""

    cells: pa.Array
    which: NDArray[np.int32]

    def joined(self, other: Rendered) -> Rendered:
        """Both side by side, with the combinations that occur."""
        n = len(other.cells)
        pair = self.which * np.int32(n) + other.which
        occurs = np.zeros(len(self.cells) * n, dtype=np.bool_)
        occurs[pair] = True
        pairs = np.flatnonzero(occurs)
        place = np.cumsum(occurs, dtype=np.int32) - 1
        left, right = self.cells.take(pa.array(pairs // n)), other.cells.take(pa.array(pairs % n))
        return Rendered(pc.binary_join_element_wise(left, right, ","), place[pair])

    def spread(self) -> pa.Array:
        """The cell of every row."""
        return self.cells.take(pa.array(self.which))


class CsvWriter:
    """One table as one file."""

    def __init__(self, path: Path, table: Table) -> None:
        self._file = path.open("wb")
        names = pa.array([column.name for column in table.columns])
        self._file.write((",".join(quoted(guarded(names)).to_pylist()) + "\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        if batch.num_rows:
            self._file.write(lines_of(batch))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def lines_of(batch: pa.RecordBatch) -> pa.Buffer:
    """The rows as text, each with a line end."""
    parts = list(_fused(map(rendered, batch.columns)))
    last = parts[-1]
    parts[-1] = Rendered(pc.binary_join_element_wise(last.cells, "", "\n"), last.which)
    lines = pc.binary_join_element_wise(*(part.spread() for part in parts), ",")
    ends = np.frombuffer(lines.buffers()[1], dtype=np.int32)
    return lines.buffers()[2].slice(0, int(ends[len(lines)]))


def _fused(columns: Iterator[Rendered]) -> Iterator[Rendered]:
    """Neighbours joined as long as they have few combinations."""
    held = next(columns)
    for column in columns:
        if len(held.cells) * len(column.cells) <= _MOST_COMBINATIONS:
            held = held.joined(column)
        else:
            yield held
            held = column
    yield held


def rendered(column: pa.Array) -> Rendered:
    """A column of any of our kinds as cells."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    cells = _cells(encoded.dictionary)
    which = _filled(encoded.indices, len(cells))
    return Rendered(pa.concat_arrays([cells, pa.array([""], pa.string())]), which)


def _cells(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_string(kind):
        return quoted(guarded(values))
    if pa.types.is_timestamp(kind):
        return pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ", locale="C")
    return values.cast(pa.string())


def _filled(indices: pa.Array, gap: int) -> NDArray[np.int32]:
    filled: NDArray[np.int32] = pc.fill_null(indices, gap).to_numpy().astype(np.int32, copy=False)
    return filled
