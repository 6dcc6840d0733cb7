"""The enrolment file: what is read, and every fault named by row and column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from surveys.participants import csvfile
from surveys.participants.csvfile import CsvProblems, read
from surveys.participants.entries import Entry
from tests.unit.participants.protocols import protocol

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STUDY = protocol()
HEADER = "email,language,timezone,consent_version,consented_at,site,code,name"
ANA = "ana@example.org,en,Europe/Berlin,2,2026-02-01T10:30+01:00,north,A-1,Ana Lima"
BEA = "bea@example.org,de,Asia/Tokyo,2,2026-02-02,south,,"


def _entries(text: str) -> list[Entry]:
    return read(text.encode(), protocol=STUDY, now=NOW)


def _problems(data: str | bytes) -> list[str]:
    raw = data.encode() if isinstance(data, str) else data
    with pytest.raises(CsvProblems) as caught:
        read(raw, protocol=STUDY, now=NOW)
    return [str(problem) for problem in caught.value.problems]


def _row(**changed: str) -> str:
    cells = dict(zip(HEADER.split(","), ANA.split(","), strict=True))
    return ",".join({**cells, **changed}.values())


def _fault(**changed: str) -> str:
    """The one problem of a file whose third row is changed so."""
    (problem,) = _problems(f"{HEADER}\n{BEA}\n{_row(**changed)}\n")
    return problem


def test_a_whole_file_is_read() -> None:
    ana, bea = _entries(f"{HEADER}\n{ANA}\n{BEA}\n")
    assert ana == Entry(
        email="ana@example.org",
        language="en",
        timezone="Europe/Berlin",
        consent_version=2,
        consented_at=datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
        code="A-1",
        name="Ana Lima",
        site="north",
        strata={"site": "north"},
    )
    assert (bea.code, bea.name, bea.row) == (None, "", 3)
    assert "A-1" in repr(ana)
    assert "Lima" not in repr(ana)
    assert "@" not in repr(ana)


def test_a_consent_without_an_offset_is_in_the_persons_own_time() -> None:
    (bea,) = _entries(f"{HEADER}\n{BEA}\n")
    assert bea.consented_at == datetime(2026, 2, 1, 15, tzinfo=UTC)  # midnight in Tokyo


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_of_all_spreadsheets_read_the_same(delimiter: str, newline: str, mark: str) -> None:
    text = mark + newline.join([HEADER, ANA, BEA, ""]).replace(",", delimiter)
    assert _entries(text) == _entries(f"{HEADER}\n{ANA}\n{BEA}\n")


def test_columns_may_come_in_any_order_and_case_with_padding_and_blank_rows() -> None:
    columns = HEADER.split(",")[::-1]
    cells = ANA.split(",")[::-1]
    text = ", ".join(columns).upper() + ",,\n,,,\n\n" + ", ".join(cells) + ",,\n"
    (entry,) = _entries(text)
    assert entry == _entries(f"{HEADER}\n{ANA}\n")[0]
    assert entry.row == 4


def test_quoted_cells_may_hold_the_delimiter() -> None:
    (entry,) = _entries(f"{HEADER}\n{_row(name=chr(34) + 'Lima, Ana' + chr(34))}\n")
    assert entry.name == "Lima, Ana"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"timezone": "Berlin"}, "row 3, column timezone: 'Berlin' is no zone of the IANA database; did you mean Europe/Berlin?"),
        ({"timezone": "qqqqqq"}, "row 3, column timezone: 'qqqqqq' is no zone of the IANA database; expected one such as Europe/Berlin"),
        ({"timezone": ""}, "row 3, column timezone: empty, but needed"),
        ({"language": "fr"}, "row 3, column language: 'fr' is no language of this study (en, de)"),
        ({"language": ""}, "row 3, column language: empty, but needed"),
        ({"email": ""}, "row 3, column email: empty, but needed"),
        ({"email": "ana"}, "row 3, column email: no e-mail address: an address has an @, such as name@example.org"),
        ({"email": "x@y.de z@y.de"}, "row 3, column email: no e-mail address: expected one address and nothing else"),
        ({"email": "BEA@example.org"}, "row 3, column email: the same email as in row 2"),
        ({"consent_version": "1"}, "row 3, column consent_version: '1' is not the version of the consent in force, which is 2"),
        ({"consent_version": "two"}, "row 3, column consent_version: 'two' is not the version of the consent in force, which is 2"),
        ({"consent_version": "２"}, "row 3, column consent_version: '２' is not the version of the consent in force, which is 2"),
        ({"consented_at": ""}, "row 3, column consented_at: empty, but needed"),
        ({"consented_at": "31.01.2026"}, "row 3, column consented_at: '31.01.2026' is no date and time such as 2026-01-31 or 2026-01-31T14:30"),
        ({"consented_at": "2026-03-02"}, "row 3, column consented_at: '2026-03-02' is in the future"),
        ({"consented_at": "9999-12-31T23:59-14:00"}, "row 3, column consented_at: '9999-12-31T23:59-14:00' is in the future"),
        ({"consented_at": "0001-01-01T00:00+14:00"}, "row 3, column consented_at: '0001-01-01T00:00+14:00' is before 2000"),
        ({"site": ""}, "row 3, column site: empty, but needed"),
        ({"site": "s" * 61}, "row 3, column site: longer than 60 characters"),
        ({"code": "has space"}, "row 3, column code: 'has space' is no code: 1 to 20 letters, digits, dots, dashes or underscores"),
        ({"code": "=1+1"}, "row 3, column code: '=1+1' is no code: 1 to 20 letters, digits, dots, dashes or underscores"),
        ({"name": "n" * 201}, "row 3, column name: longer than 200 characters"),
        ({"name": '"Ana\nLima"'}, "row 3, column name: holds a line break or another control character"),
        ({"name": "n" * 1001}, "row 3, column name: longer than 1000 characters"),
        ({"name": "Ana,more"}, "row 3: 9 cells, where the first row names 8 columns"),
        ({"name": '"Ana" Lima'}, """row 3: not readable as CSV: ',' expected after '"'"""),
        ({"name": '"Ana'}, "row 3: a quoted cell never ends"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_row_and_column(changed: dict[str, str], problem: str) -> None:
    assert _fault(**changed) == problem


def test_the_same_code_twice_is_named() -> None:
    assert _problems(f"{HEADER}\n{ANA}\n{_row(email='cy@example.org')}") == [
        "row 3, column code: the same code as in row 2"
    ]


def test_all_faults_are_told_at_once_in_the_order_of_the_rows() -> None:
    text = f"{HEADER}\n{_row(email='x', language='fr')}\n{BEA}\n{BEA}\n{_row(site='')}\n"
    assert [problem.split(":")[0] for problem in _problems(text)] == [
        "row 2, column email",
        "row 2, column language",
        "row 4, column email",
        "row 5, column site",
    ]


def test_a_header_is_checked_before_the_rows() -> None:
    header = HEADER.replace("email", "e-mail").replace("name", "code")
    problems = _problems(f"{header}\n{ANA}\n")
    assert problems[0] == "row 1, column email: this column is missing"
    assert problems[1] == "row 1, column code: stands twice"
    assert problems[2].startswith("row 1: unknown column 'e-mail'; expected email, language,")
    assert len(problems) == 3


def test_without_strata_no_such_column_is_needed() -> None:
    text = "email,language,timezone,consent_version,consented_at\n" + ",".join(BEA.split(",")[:5])
    one_list = {"method": "permuted-blocks", "block_sizes": [4]}
    (entry,) = read(text.encode(), protocol=protocol(allocation=one_list), now=NOW)
    assert (entry.site, entry.strata) == ("", {})


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \r\n", "the file is empty"),
        (HEADER.encode(), "the file names its columns but has no rows"),
        (HEADER.encode("utf-16"), "the file is UTF-16 ('Unicode text'); save it as 'CSV UTF-8'"),
        (HEADER.encode("utf-16-le"), "the file is UTF-16 ('Unicode text'); save it as 'CSV UTF-8'"),
        (f"{HEADER}\nanä".encode("latin-1"), "row 2: not UTF-8 but perhaps Latin-1 or Windows-1252; save it as 'CSV UTF-8'"),
        (f"{HEADER}\nan\0a".encode(), "row 2: holds a NUL byte"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_csv_is_named(data: bytes, problem: str) -> None:
    assert _problems(data) == [problem]


def test_a_file_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvfile, "MAX_ROWS", 2)
    assert _problems(f"{HEADER}\n{ANA}\n{BEA}\n") == ["the file has more than 2 rows; part it"]
    monkeypatch.setattr(csvfile, "MAX_BYTES", 0)
    assert _problems(f"{HEADER}\n") == ["the file is larger than 0 MB"]


_CELLS = st.sampled_from(
    [
        *HEADER.split(","),
        *ANA.split(","),
        *BEA.split(","),
        '"',
        "\n",
        ",",
        ";",
        "\r",
        "\ufeff",
        "2026",
    ]
)


@given(st.one_of(st.binary(max_size=200), st.lists(_CELLS).map(lambda c: ",".join(c).encode())))
@example(b",")
@example(b'""')
@example(b"\x0b\n\x1c,")
@example(f"{HEADER}\n".encode() + b"x" * 140_000)
@example(HEADER.encode() + b"\n" + _row(consented_at="9999-12-31T23:59:59.999999-23:59").encode())
@example(HEADER.encode() + b"\n" + _row(timezone="../../etc/passwd").encode())
def test_no_bytes_do_worse_than_csv_problems(data: bytes) -> None:
    found: Sequence[object]
    try:
        found = read(data, protocol=STUDY, now=NOW)
    except CsvProblems as problems:
        found = problems.problems
    assert found


@given(st.dictionaries(st.sampled_from(HEADER.split(",")), st.text(max_size=30)))
def test_no_cell_does_worse_than_csv_problems(changed: dict[str, str]) -> None:
    cells = {k: '"' + v.replace('"', '""') + '"' for k, v in changed.items()}
    data = f"{HEADER}\n{_row(**cells)}\n".encode(errors="replace")
    try:
        (entry,) = read(data, protocol=STUDY, now=NOW)
    except CsvProblems:
        return
    assert entry.consented_at <= NOW
    assert "\n" not in entry.name + entry.site + entry.email
