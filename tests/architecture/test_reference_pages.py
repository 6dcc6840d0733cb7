"""The generated pages say what the code says; `manage.py reference` brings them up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from studyplatform import variables
from studyplatform.management.commands.reference import FOLDER, PAGES
from surveys.safety.states import ALERT, AlertState
from surveys.scheduling.states import MESSAGE, OCCASION, MessageState, OccasionState


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_current(name: str) -> None:
    assert FOLDER.joinpath(name).read_text(encoding="utf-8") == PAGES[name]()


CYCLES = ((OCCASION, OccasionState), (MESSAGE, MessageState), (ALERT, AlertState))


def test_every_state_has_a_place_in_its_life_cycle() -> None:
    for cycle, states in CYCLES:
        assert {state for move in cycle.moves for state in move} == set(states)


READS = re.compile(
    r"""(?:\benv\.\w+|environ\.get|_secret)\(\s*"([A-Z_]+)"(?:, ?"?([^",)]*)"?\))?"""
    r"""|environ\["([A-Z_]+)"\]|"([A-Z_]+)" (?:not )?in os\.environ"""
)
DJANGOS = {"DJANGO_SETTINGS_MODULE"}


def read_by_the_code() -> dict[str, set[str]]:
    """Each variable that the platform reads, with the defaults that stand beside it."""
    found: dict[str, set[str]] = {}
    for folder in ("studyplatform", "docker", "surveys", "analytics"):
        for path in Path(FOLDER).parents[1].joinpath(folder).rglob("*.py"):
            for direct, default, item, inside in READS.findall(path.read_text(encoding="utf-8")):
                found.setdefault(direct or item or inside, set()).add(default)
    return {name: defaults - {""} for name, defaults in found.items() if name not in DJANGOS}


def test_the_settings_page_has_every_variable_that_the_code_reads() -> None:
    described = {v.name: v.default for group in variables.GROUPS.values() for v in group}
    found = read_by_the_code()
    assert set(described) == set(found)
    wrong = {
        name: (described[name], default)
        for name, defaults in found.items()
        for default in defaults
        if described[name].startswith("`") and f"`{default}`" not in described[name]
    }
    assert wrong == {}


def test_the_commands_page_tells_verbs_and_arguments() -> None:
    page = PAGES["commands.md"]()
    assert "## study" in page
    assert "    study load FILE [--seed SEED]" in page
    assert "- `--check`: Read the file and enrol nobody." in page
    assert "    study export CODE [--version NUMBER] [--output OUTPUT]" in page
    assert not re.search("--verbosity|--help (?!says)", page)
