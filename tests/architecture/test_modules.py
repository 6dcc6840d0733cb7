"""The house rules for modules that no linter states: size, names, words at the top, one clock."""

from __future__ import annotations

import ast
import re
import statistics
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("studyplatform", "surveys", "analytics")
BANNED_NAMES = frozenset(
    {"utils", "util", "helpers", "services", "common", "managers", "misc", "tools"}
)
LONGEST, FEW, USUAL, MEDIAN = 500, 0.03, 300, 120

# Everything that reads a clock. The platform may read real time (health, supervision, speed);
# study time has one source, so that the demo and the tests can move it.
CLOCKS = frozenset(
    {
        "date.today", "datetime.today", "datetime.now", "datetime.utcnow", "timezone.now",
        "timezone.localdate", "timezone.localtime", "localdate", "time.time", "time.localtime",
        "time.gmtime", "time.time_ns", "Timestamp.now", "Timestamp.today",
    }
)  # fmt: skip
CLOCK_READERS = {
    "surveys/lib/clock.py": "the one clock",
    "surveys/lib/ids.py": "time-ordered ids sort rows, they tell no time",
}


@cache
def modules() -> tuple[Path, ...]:
    """Every module that we wrote."""
    return tuple(
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    )


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def length(path: Path) -> int:
    return len(path.read_text().splitlines())


def dotted(node: ast.expr) -> str:
    """`a.b.c` as its last two names, which is how the clocks above are written."""
    return ".".join(ast.unparse(node).split(".")[-2:])


def test_modules_are_small() -> None:
    lengths = {name(path): length(path) for path in modules() if length(path) > 5}
    assert {m: n for m, n in lengths.items() if n > LONGEST} == {}
    long = {m: n for m, n in lengths.items() if n > USUAL}
    assert len(long) <= FEW * len(lengths), long
    assert statistics.median(lengths.values()) <= MEDIAN


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [name(path) for path in modules() if BANNED_NAMES & set(path.with_suffix("").parts)]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    """One to four lines at the top; empty package files need none."""
    silent = [
        name(path) for path in modules() if tree(path).body and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_public_functions_and_classes_say_what_they_do() -> None:
    silent = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in modules()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_study_time_has_one_source() -> None:
    found = [
        f"{name(path)}:{node.lineno} {ast.unparse(node.func)}"
        for path in modules()
        if not name(path).startswith("studyplatform/") and name(path) not in CLOCK_READERS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and dotted(node.func) in CLOCKS
    ]
    assert found == []


def test_the_list_of_clock_readers_is_current() -> None:
    assert [path for path in CLOCK_READERS if not (ROOT / path).exists()] == []


def test_only_edges_ask_the_clock() -> None:
    """`clock.now()` is for views, API, tasks and commands; everything else takes `now`."""
    edges = re.compile(
        r"^surveys/(console|portal|api|management)/|^(surveys|analytics)/tasks\.py$"
        r"|^analytics/(views|api|management)|^studyplatform/|^surveys/lib/clock\.py$"
        r"|^surveys/access/account\.py$"  # called by the login library, which hands no `now`
    )
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules()
        if not edges.match(name(path))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "clock.now"
    ]
    assert found == []


def test_faces_write_through_actions_only() -> None:
    """A view that creates a row itself leaves no audit event."""
    writes = re.compile(
        r"\.objects\.(create|get_or_create|update_or_create|bulk_create|bulk_update)$"
    )
    found = [
        f"{name(path)}:{node.lineno} {ast.unparse(node.func)}"
        for path in modules()
        if re.match(r"^surveys/(console|portal|api)/|^analytics/(views|api)", name(path))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and writes.search(ast.unparse(node.func))
    ]
    assert found == []


def test_every_table_is_in_the_index() -> None:
    """surveys/models.py names every table, in the order of the flow."""
    from django.apps import apps

    for app in ("surveys", "analytics"):
        index = (ROOT / app / "models.py").read_text()
        tables = list(apps.get_app_config(app).get_models())
        assert tables
        missing = [
            table.__name__ for table in tables if not re.search(rf"\b{table.__name__}\b", index)
        ]
        assert missing == []
    declared = {
        node.name
        for path in modules()
        if path.name == "models.py"
        for node in tree(path).body
        if isinstance(node, ast.ClassDef)
        if any(ast.unparse(base) == "models.Model" for base in node.bases)
        if not any("abstract = True" in ast.unparse(inner) for inner in node.body)
    }
    assert declared <= {model.__name__ for model in apps.get_models()}


def test_nothing_is_left_to_do() -> None:
    """No unfinished notes and no switched-off checks without a reason."""
    unfinished = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    bare_ignore = re.compile(r"#\s*type:\s*ignore(\[[^\]]*\])?\s*$")
    tests = sorted((ROOT / "tests").rglob("*.py"))
    found = [
        f"{name(path)}:{number}"
        for path in (*modules(), *tests)
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if unfinished.search(line) or bare_ignore.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["unit", "integration", "functional", "faults", "reference"])
def test_test_folders_are_packages(folder: str) -> None:
    """Two test files of one name in two folders would shadow each other."""
    files = (ROOT / "tests" / folder).rglob("test_*.py")
    missing = [name(path) for path in files if not (path.parent / "__init__.py").exists()]
    assert missing == []
