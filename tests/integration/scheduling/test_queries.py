"""What the console and the demo's clock read about plans."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from surveys.scheduling.queries import WaveCounts, next_moment, occasions_of, wave_counts
from tests.world import DAY, NOW, make_message, make_occasion, make_participant, make_study

pytestmark = pytest.mark.django_db


def test_waves_are_counted_by_state_in_the_protocols_order() -> None:
    study = make_study()
    one, other = make_participant(study), make_participant(study, "BBBB-0002")
    make_occasion(make_participant(make_study("foreign"), "CCCC-0003"))
    done = make_occasion(one, state="completed")
    for kind, nth in (("invitation", 1), ("reminder", 1), ("reminder", 2)):
        make_message(done, kind, nth, state="sent", sent_at=NOW)
    make_message(make_occasion(other), state="failed")
    make_occasion(one, "m3", state="excluded", cause="not_in_arm")
    make_occasion(one, "dropped", state="cancelled", cause="not_in_version")
    assert wave_counts(study) == [
        WaveCounts("baseline", open=1, completed=1, invited=1, reminded=1),
        WaveCounts("m3", excluded=1),
        WaveCounts("dropped", cancelled=1),
    ]


def test_a_wave_without_occasions_counts_nothing() -> None:
    assert wave_counts(make_study()) == [WaveCounts("baseline"), WaveCounts("m3")]


def test_somebodys_occasions_come_in_the_order_of_time_and_the_undated_last(
    django_assert_num_queries: Any,
) -> None:
    person = make_participant(make_study())
    make_occasion(person, "m3", 2, state="planned", opens_at=None, closes_at=None)
    make_message(make_occasion(person, "m3", opens_at=NOW + DAY))
    make_message(make_occasion(person, "baseline"))
    with django_assert_num_queries(2):
        found = [(o.wave, o.nth, len(o.messages.all())) for o in occasions_of(person)]
    assert found == [("baseline", 1, 1), ("m3", 1, 1), ("m3", 2, 0)]


@pytest.mark.parametrize(
    ("occasion", "message", "expected"),
    [
        ({"state": "planned", "opens_at": NOW + DAY}, {"state": "cancelled"}, DAY),
        ({"state": "planned", "opens_at": NOW}, {"state": "cancelled"}, 14 * DAY),
        ({"state": "open", "closes_at": NOW + 2 * DAY}, {"state": "cancelled"}, 2 * DAY),
        ({"state": "started"}, {"due_at": NOW + timedelta(hours=3)}, timedelta(hours=3)),
        ({"state": "started"}, {"due_at": NOW}, 14 * DAY),
        ({"state": "completed"}, {"state": "sent", "sent_at": NOW, "due_at": NOW + DAY}, None),
        ({"state": "planned", "opens_at": None, "closes_at": None}, {"state": "missed"}, None),
    ],
)
def test_the_next_moment_is_the_first_that_is_still_to_come(
    occasion: dict[str, Any], message: dict[str, Any], expected: timedelta | None
) -> None:
    study = make_study()
    make_message(make_occasion(make_participant(study), **occasion), **message)
    foreign = make_participant(make_study("foreign"), "CCCC-0003")
    make_occasion(foreign, state="planned", opens_at=NOW + timedelta(minutes=1))
    assert next_moment(now=NOW, study=study) == (NOW + expected if expected else None)
    assert next_moment(now=NOW) == NOW + timedelta(minutes=1)
