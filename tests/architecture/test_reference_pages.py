"""The generated pages say what the code says; `manage.py reference` brings them up to date."""

from __future__ import annotations

import pytest

from surveys.management.commands.reference import FOLDER, PAGES
from surveys.scheduling.states import MESSAGE, OCCASION, MessageState, OccasionState


@pytest.mark.parametrize("name", PAGES)
def test_a_reference_page_is_current(name: str) -> None:
    assert FOLDER.joinpath(name).read_text(encoding="utf-8") == PAGES[name]()


def test_every_state_has_a_place_in_its_life_cycle() -> None:
    for cycle, states in ((OCCASION, OccasionState), (MESSAGE, MessageState)):
        assert {state for move in cycle.moves for state in move} == set(states)
