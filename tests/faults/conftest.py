"""Fixtures of the fault tests, and the table at their end.

def test_fifty_rings(case: OpenRow, ground: Ground, sink: ScriptedServer) -> None:
    row = case("A7", "50 rings for one message", "one mail")
    ...
    row.count(sink.accepted)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import pytest
from pytest_django import DjangoDbBlocker

from studyplatform import supervisor
from tests.faults import ground as grounds
from tests.faults.ground import Ground
from tests.faults.table import Row, drawn
from tests.integration.studyplatform.servers_at_hand import open_folder
from tests.smtp import ScriptedServer, scripted_server

FILE = Path(__file__).resolve().parents[2] / "var" / "faults.txt"
ROWS = pytest.StashKey[list[Row]]()


class OpenRow(Protocol):
    """Opens a row of the table."""

    def __call__(self, case: str, what: str, expected: str, *, is_control: bool = False) -> Row: ...


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Iterator[OpenRow]:
    """Rows of the table; the test fails when one of them lost or doubled a mail."""
    rows: list[Row] = []
    request.node.stash[ROWS] = rows

    def open_row(case: str, what: str, expected: str, *, is_control: bool = False) -> Row:
        rows.append(Row(case, what, expected, is_control))
        return rows[-1]

    yield open_row
    assert [row for row in rows if row.is_fault] == []


@pytest.fixture(scope="session")
def standing_ground(django_db_blocker: DjangoDbBlocker) -> Iterator[Ground]:
    """Servers for the session; Django in this process uses them."""
    with (
        pytest.MonkeyPatch.context() as patch,
        open_folder() as folder,
        django_db_blocker.unblock(),
    ):
        patch.setattr(supervisor, "BACK_OFF", (0.1,))
        with grounds.prepared(folder) as made:
            yield made


@pytest.fixture
def ground(standing_ground: Ground) -> Iterator[Ground]:
    """The same, with no rows and no tasks at the start of a test."""
    standing_ground.empty()
    yield standing_ground
    standing_ground.disarm()
    standing_ground.ticker.resume()


@pytest.fixture
def sink() -> Iterator[ScriptedServer]:
    """A mail server that can misbehave."""
    with scripted_server() as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that may take longest, so that no process waits for another's end."""
    size = Counter(item.path for item in items)
    items.sort(key=lambda item: (-patience(item), -size[item.path], item.path))


def patience(item: pytest.Item) -> float:
    """How many seconds a test may take."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note on each row how its test ended, and hand the rows on with the last report."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pytest hands the report in
    rows = item.stash.get(ROWS, [])
    for row in rows:
        if report.failed or not row.outcome:
            row.outcome = report.outcome
        if report.failed and call.excinfo is not None:
            row.saw(f"{row.seen}; {str(call.excinfo.value).splitlines()[0][:120]}")
    if report.when == "teardown":
        report.user_properties += [("case", asdict(row)) for row in rows]
    return report  # type: ignore[return-value]  # see above


SEEN: list[Row] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect the rows, also those of other processes."""
    if report.when == "teardown":
        properties: list[tuple[str, Any]] = [*report.user_properties]
        SEEN.extend(Row(**values) for name, values in properties if name == "case")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, and keep it."""
    if SEEN:
        table = drawn(SEEN)
        terminalreporter.section("cases")
        terminalreporter.write(table)
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(table)
