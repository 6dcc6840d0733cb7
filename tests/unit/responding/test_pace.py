"""How many minutes are left: by medians where there are some, by the estimate elsewhere."""

from __future__ import annotations

import pytest

from surveys.responding.pace import seconds_left
from surveys.responding.places import Place
from tests.questionnaires import EVERY_KIND, SHORT

BOTH = [SHORT, EVERY_KIND]  # one item, and seven on three pages


@pytest.mark.parametrize(
    ("place", "medians", "expected"),
    [
        (None, {}, 8 * 8),
        (Place(SHORT.ref, 1), {}, 8 * 8),
        (Place(EVERY_KIND.ref, 1), {}, 7 * 8),
        (Place(EVERY_KIND.ref, 2), {}, 4 * 8),
        (Place(EVERY_KIND.ref, 3), {EVERY_KIND.ref: 70.0}, 10),
        (None, {EVERY_KIND.ref: 70.0}, 8 + 70),
        (None, {SHORT.ref: 3.0, EVERY_KIND.ref: 70.0, "other@1": 900.0}, 73),
    ],
)
def test_what_is_behind_counts_no_more(
    place: Place | None, medians: dict[str, float], expected: float
) -> None:
    assert seconds_left(BOTH, place, medians) == pytest.approx(expected)
