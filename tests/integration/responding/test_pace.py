"""The medians come from finished submissions alone, and only when there are enough."""

from __future__ import annotations

from datetime import timedelta

import pytest

from surveys.instruments.models import InstrumentVersion
from surveys.responding.models import Submission
from surveys.responding.pace import ENOUGH, median_seconds
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import SHORT
from tests.world import NOW, make_occasion

pytestmark = pytest.mark.django_db


@pytest.fixture
def occasion() -> Occasion:
    return make_questionnaire([SHORT])


def finish(occasion: Occasion, nth: int, seconds: list[float], state: str = "final") -> None:
    mine = make_occasion(occasion.participant, "m3", nth=nth)
    Submission.objects.create(
        occasion=mine,
        instrument=InstrumentVersion.objects.get(code="short"),
        state=state,
        paradata={"pages": [{"page": n, "seconds": each} for n, each in enumerate(seconds)]},
        started_at=NOW,
        saved_at=NOW,
        finished_at=NOW + timedelta(minutes=1) if state == "final" else None,
    )


def test_the_median_of_enough_is_taken(occasion: Occasion) -> None:
    for nth in range(1, ENOUGH):
        finish(occasion, nth, [nth, 10.0])
    finish(occasion, 50, [900.0], state="draft")
    assert median_seconds() == {}, "one too few"
    finish(occasion, ENOUGH, [ENOUGH, 10.0])
    assert median_seconds() == {"short@1": pytest.approx((ENOUGH + 1) / 2 + 10)}
