"""The pinned requirement files are what the lock says, and the lock is what pyproject.toml asks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("requirements.txt", "requirements-dev.txt")
ADVICE = "run: uv lock, then export both files as their first lines say"


def lock() -> dict[str, set[str]]:
    """Every locked package with its versions (they may differ between Python versions)."""
    found: dict[str, set[str]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        found.setdefault(package["name"], set()).add(package["version"])
    return found


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(file: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (ROOT / file).read_text().splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", line):
            found.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return found


def asked(*, dev: bool) -> set[str]:
    data = project()
    lines = [*data["project"]["dependencies"]]
    lines += data["project"]["optional-dependencies"]["embedded"]
    if dev:
        lines += [line for group in data["dependency-groups"].values() for line in group]
    return {canonicalize_name(Requirement(line).name) for line in lines}


@pytest.mark.parametrize("file", FILES)
def test_every_pin_is_a_locked_version(file: str) -> None:
    locked = lock()
    wrong = {
        name: versions
        for name, versions in pinned(file).items()
        if not versions <= locked.get(name, set())
    }
    assert wrong == {}, ADVICE


@pytest.mark.parametrize("file", FILES)
def test_everything_that_the_project_asks_for_is_pinned(file: str) -> None:
    assert asked(dev="dev" in file) <= set(pinned(file)), ADVICE


def test_the_lock_was_made_from_this_project_file() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    own = next(package for package in packages if package["name"] == project()["project"]["name"])
    metadata = own["metadata"]
    recorded = [*metadata["requires-dist"]]
    recorded += [entry for group in metadata.get("requires-dev", {}).values() for entry in group]
    known = {
        (
            canonicalize_name(entry["name"]),
            frozenset(re.split(r"\s*,\s*", entry.get("specifier", ""))),
        )
        for entry in recorded
    }
    data = project()
    lines = [*data["project"]["dependencies"]]
    for group in (
        *data["project"]["optional-dependencies"].values(),
        *data["dependency-groups"].values(),
    ):
        lines += group
    requirements = [Requirement(line) for line in lines]
    missing = [
        str(requirement)
        for requirement in requirements
        if (
            canonicalize_name(requirement.name),
            frozenset(re.split(r"\s*,\s*", _in_lock_order(requirement))),
        )
        not in known
    ]
    assert missing == [], ADVICE


def _in_lock_order(requirement: Requirement) -> str:
    return ",".join(str(part) for part in requirement.specifier)
