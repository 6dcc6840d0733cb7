"""Where somebody goes on follows from what is saved, and nobody jumps ahead."""

from __future__ import annotations

import pytest

from surveys.responding.places import Filled, Place, is_reached, next_place, ordinal
from tests.questionnaires import EVERY_KIND, SHORT

BOTH = [SHORT, EVERY_KIND]
FIRST, SECOND = SHORT.ref, EVERY_KIND.ref
DONE = Filled({item.code: 1 for item in SHORT.items}, is_final=True)


def answered(n_pages: int) -> Filled:
    """EVERY_KIND with its first pages saved; the last item of each was skipped."""
    items = [item for page in EVERY_KIND.pages[:n_pages] for item in page]
    return Filled({item.code: None for item in items}, is_final=False)


@pytest.mark.parametrize(
    ("filled", "place"),
    [
        ({}, Place(FIRST, 1)),
        ({FIRST: DONE}, Place(SECOND, 1)),
        ({FIRST: DONE, SECOND: answered(1)}, Place(SECOND, 2)),
        ({FIRST: DONE, SECOND: answered(3)}, Place(SECOND, 3)),
        ({FIRST: Filled({"mood": 1}, is_final=False)}, Place(FIRST, 1)),
        ({FIRST: DONE, SECOND: Filled({}, is_final=True)}, None),
    ],
)
def test_the_first_unsaved_page_comes_next(filled: dict[str, Filled], place: Place | None) -> None:
    assert next_place(BOTH, filled) == place


@pytest.mark.parametrize(
    ("place", "reached"),
    [
        (Place(FIRST, 1), True),
        (Place(FIRST, 2), False),
        (Place(SECOND, 1), True),
        (Place(SECOND, 2), True),
        (Place(SECOND, 3), False),
        (Place(SECOND, 0), False),
        (Place(SECOND, -1), False),
        (Place("other@1", 1), False),
    ],
)
def test_a_page_is_reached_once_all_before_it_are_saved(place: Place, reached: bool) -> None:
    filled = {FIRST: DONE, SECOND: answered(1)}
    assert is_reached(BOTH, filled, place) is reached


def test_nothing_of_a_later_instrument_is_reached_before_the_earlier_one_is_final() -> None:
    assert not is_reached(BOTH, {}, Place(SECOND, 1))


def test_pages_are_counted_across_instruments() -> None:
    assert ordinal(BOTH, Place(FIRST, 1)) == (1, 4)
    assert ordinal(BOTH, Place(SECOND, 3)) == (4, 4)
