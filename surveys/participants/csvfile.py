"""The enrolment CSV: from bytes to entries, or every problem by row and column. Pure."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from surveys.design.protocol import Protocol
from surveys.participants.entries import (
    Entry,
    EntryProblems,
    Problem,
    columns,
    read_entry,
    repeated,
    shown,
)

MAX_BYTES = 20_000_000
MAX_ROWS = 50_000
MAX_CELL = 1000
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
SAVE_AS = "save it as 'CSV UTF-8'"


class CsvProblems(EntryProblems):
    """The file cannot be used; nothing was enrolled."""


def read(data: bytes, *, protocol: Protocol, now: datetime) -> list[Entry]:
    """The entries of a file whose first row names the columns; raises CsvProblems.

    Cells are parted by comma, semicolon or tab; rows count as in a spreadsheet, from 1.
    """
    rows = _rows(_decoded(data))
    _, top = next(rows, (1, []))
    header = _header(top, protocol)
    entries: list[Entry] = []
    problems: list[Problem] = []
    for number, cells in rows:
        try:
            entries.append(_entry(cells, header, protocol, now, number))
        except EntryProblems as error:
            problems += error.problems
    problems += repeated(entries)
    if problems:
        raise CsvProblems(sorted(problems, key=lambda problem: problem.row or 0))
    if not entries:
        raise CsvProblems([Problem("the file names its columns but has no rows")])
    return entries


def _fail(what: str, row: int | None = None) -> CsvProblems:
    return CsvProblems([Problem(what, row=row)])


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _fail(f"the file is larger than {MAX_BYTES // 1_000_000} MB")
    if data.startswith(UTF16_MARKS) or b"\0" in data[:4]:
        raise _fail(f"the file is UTF-16 ('Unicode text'); {SAVE_AS}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise _fail(f"not UTF-8 but perhaps Latin-1 or Windows-1252; {SAVE_AS}", row) from error
    if "\0" in text:
        raise _fail("holds a NUL byte", text.count("\n", 0, text.index("\0")) + 1)
    if not text.strip():
        raise _fail("the file is empty")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with their number; the first one is the header."""
    top = text.lstrip("\r\n").splitlines()[0]
    delimiter = max(",;\t", key=top.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number > MAX_ROWS:
                raise _fail(f"the file has more than {MAX_ROWS} rows; part it")
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error as error:
        open_end = "unexpected end" in str(error)
        what = "a quoted cell never ends" if open_end else f"not readable as CSV: {error}"
        raise _fail(what, number + 1) from error


def _header(cells: Sequence[str], protocol: Protocol) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    needed, allowed = columns(protocol)
    known = {*needed, *allowed}
    problems = [Problem("this column is missing", name) for name in needed if name not in names]
    problems += [Problem("stands twice", name) for name, n in Counter(names).items() if n > 1]
    problems += [
        Problem(f"unknown column {shown(name)}; expected {', '.join([*needed, *allowed])}")
        for name in names
        if name not in known
    ]
    if problems:
        raise CsvProblems(Problem(p.what, p.column, 1) for p in problems)
    return names


def _entry(
    cells: Sequence[str], header: Sequence[str], protocol: Protocol, now: datetime, row: int
) -> Entry:
    filled = len(cells)
    while filled > len(header) and not cells[filled - 1].strip():
        filled -= 1  # spreadsheets pad rows with empty cells
    if filled != len(header):
        raise _fail(f"{filled} cells, where the first row names {len(header)} columns", row)
    long = [name for name, cell in zip(header, cells, strict=False) if len(cell) > MAX_CELL]
    if long:
        raise CsvProblems(Problem(f"longer than {MAX_CELL} characters", c, row) for c in long)
    given = dict(zip(header, cells, strict=False))
    return read_entry(given, protocol=protocol, now=now, row=row)
