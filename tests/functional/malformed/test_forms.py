"""Each form of ours with each value of the catalogue in each of its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.malformed import forms
from tests.malformed.forms import Attacked
from tests.malformed.judging import Attack, nothing_stored
from tests.malformed.stage import Target

pytestmark = pytest.mark.timeout(900)  # thousands of requests, perhaps on a busy machine


@pytest.mark.parametrize(
    ("of", "least"), [(forms.participants, 3_000), (forms.visitors, 400), (forms.staff, 250)]
)
def test_no_form_takes_what_is_wrong(
    target: Target, attack: Attack, of: Callable[[Target], Iterator[Attacked]], least: int
) -> None:
    made = list(of(target))
    with nothing_stored():
        for attacked in made:
            attack.all(attacked.asks(), expected=attacked.replies)
    assert attack.n >= least
