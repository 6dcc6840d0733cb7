"""Windows open and close in time, late, in a pause, and only where the condition says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from surveys import pipeline
from surveys.design.models import Study
from surveys.participants.models import Participant
from surveys.scheduling import sweeping
from surveys.scheduling.actions import close_due, open_due
from surveys.scheduling.models import Message, Occasion
from tests.world import (
    DAY,
    NOW,
    make_message,
    make_occasion,
    make_participant,
    make_study,
    wave_document,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
ONLY_IF = [
    wave_document("baseline", "P0D"),
    wave_document("m3", "P3M", only_if="baseline.completed"),
]


def planned(participant: Participant, wave: str = "baseline", **changes: Any) -> Occasion:
    """An occasion that the sweep has yet to open, with an invitation and a later reminder."""
    occasion = make_occasion(participant, wave, **{"state": "planned"} | changes)
    make_message(occasion, due_at=occasion.opens_at)
    make_message(occasion, "reminder", due_at=NOW + 3 * DAY)
    return occasion


def state_of(occasion: Occasion) -> tuple[str, str]:
    occasion.refresh_from_db()
    return occasion.state, occasion.cause


def messages_of(occasion: Occasion) -> list[tuple[str, str]]:
    return list(occasion.messages.order_by("due_at").values_list("state", "why_not"))


def test_what_is_due_opens_and_what_is_not_does_not() -> None:
    person = make_participant(make_study())
    due = planned(person, opens_at=NOW)
    later = planned(person, "m3", opens_at=NOW + HOUR)
    undated = make_occasion(person, "m3", 2, state="planned", opens_at=None, closes_at=None)
    assert open_due(now=NOW) == 1
    assert [state_of(o)[0] for o in (due, later, undated)] == ["open", "planned", "planned"]
    assert open_due(now=NOW) == 0


def test_a_paused_study_opens_nothing_until_it_goes_on() -> None:
    study = make_study()
    occasion = planned(make_participant(study))
    Study.objects.update(is_paused=True)
    assert open_due(now=NOW) == 0
    Study.objects.update(is_paused=False)
    assert open_due(now=NOW) == 1
    assert state_of(occasion) == ("open", "")


def test_a_window_that_passed_in_a_pause_is_cancelled_for_that() -> None:
    occasion = planned(make_participant(make_study()), closes_at=NOW)
    Study.objects.update(is_paused=True)
    assert close_due(now=NOW).n_closed == 0
    assert state_of(occasion) == ("cancelled", "paused")
    assert set(messages_of(occasion)) == {("cancelled", "paused")}


@pytest.mark.parametrize(
    ("changes", "invitation", "expected"),
    [
        ({}, {}, ("cancelled", "paused")),
        ({}, {"state": "cancelled", "why_not": "paused"}, ("cancelled", "paused")),
        ({}, {"state": "sent", "sent_at": NOW}, ("expired", "")),
        ({}, {"state": "failed"}, ("expired", "")),
        ({"link_opened_at": NOW}, {}, ("expired", "")),
        ({"state": "started", "started_at": NOW}, {}, ("expired", "")),
    ],
)
def test_an_open_window_ends_as_paused_only_if_the_pause_kept_the_invitation(
    changes: dict[str, Any], invitation: dict[str, Any], expected: tuple[str, str]
) -> None:
    occasion = make_occasion(make_participant(make_study()), closes_at=NOW, **changes)
    make_message(occasion, **invitation)
    Study.objects.update(is_paused=True)
    close_due(now=NOW)
    assert state_of(occasion) == expected


def test_a_crash_while_planning_again_leaves_both_to_the_next_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = make_participant(make_study(waves=ONLY_IF))
    baseline = make_occasion(person, closes_at=NOW)
    m3 = planned(person, "m3", opens_at=NOW + DAY)

    def crash(*_: Any, **__: Any) -> None:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "replan", crash)
        with pytest.raises(OperationalError):
            close_due(now=NOW)
    assert state_of(baseline) == ("open", "")
    assert pipeline.sweep(now=NOW) == pipeline.Swept(n_opened=0, n_closed=1, n_replanned=1)
    assert (state_of(baseline), state_of(m3)) == (("expired", ""), ("excluded", "branched_out"))


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_one_unusable_row_stops_nobody_else(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(sweeping, "BATCH", batch)
    study = make_study(waves=ONLY_IF)
    nowhere = make_participant(study, "P0", timezone="Mars/Phobos")
    people = [make_participant(study, f"P{n}") for n in range(1, 6)]
    unknown = planned(people[2], "gone", opens_at=NOW - 2 * DAY, closes_at=NOW + DAY)
    stuck = make_occasion(nowhere, closes_at=NOW)
    opening = [planned(person) for person in people[:3]]
    closing = [make_occasion(person, closes_at=NOW) for person in people[3:]]
    with capture_logs() as logs:
        assert pipeline.sweep(now=NOW) == pipeline.Swept(n_opened=3, n_closed=2, n_replanned=2)
    assert {state_of(occasion)[0] for occasion in opening} == {"open"}
    assert {state_of(occasion)[0] for occasion in closing} == {"expired"}
    assert (state_of(unknown)[0], state_of(stuck)[0]) == ("planned", "open")
    assert [(line["event"], line["occasion"], line["error"]) for line in logs] == [
        ("occasion_unusable", str(unknown.pk), "KeyError"),
        ("occasion_unusable", str(stuck.pk), "ValueError"),
    ]
    assert "Mars" not in str(logs)
    Participant.objects.filter(pk=nowhere.pk).update(timezone="Europe/Berlin")
    assert close_due(now=NOW) == sweeping.Closed(n_closed=1, n_replanned=1)


@pytest.mark.parametrize(
    ("baseline", "opened", "expected", "invitation"),
    [
        ("completed", 1, ("open", ""), ("due", "")),
        ("expired", 0, ("excluded", "branched_out"), ("cancelled", "condition")),
        ("started", 0, ("planned", ""), ("due", "")),
        ("planned", 0, ("planned", ""), ("due", "")),
    ],
)
def test_a_condition_is_decided_at_the_opening(
    baseline: str, opened: int, expected: tuple[str, str], invitation: tuple[str, str]
) -> None:
    person = make_participant(make_study(waves=ONLY_IF))
    make_occasion(person, "baseline", state=baseline, opens_at=NOW + DAY, closes_at=NOW + 2 * DAY)
    m3 = planned(person, "m3")
    assert open_due(now=NOW) == opened
    assert state_of(m3) == expected
    assert messages_of(m3)[0] == invitation


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [("started", ("expired", "")), ("expired", ("excluded", "branched_out"))],
)
def test_at_its_own_close_an_undecided_wave_expires_and_an_unmet_one_is_branched_out(
    baseline: str, expected: tuple[str, str]
) -> None:
    person = make_participant(make_study(waves=ONLY_IF))
    make_occasion(person, "baseline", state=baseline, closes_at=NOW + 9 * DAY)
    m3 = planned(person, "m3", opens_at=NOW - DAY, closes_at=NOW)
    close_due(now=NOW)
    assert state_of(m3) == expected


def test_undecided_occasions_do_not_stand_in_the_way_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 2)
    study = make_study(waves=ONLY_IF)
    people = [make_participant(study, f"P{n}") for n in range(7)]
    for person in people:
        decided = "completed" if person == people[-1] else "open"
        make_occasion(person, "baseline", state=decided)
        planned(person, "m3")
    assert open_due(now=NOW) == 1
    assert set(people[-1].occasions.values_list("state", flat=True)) == {"completed", "open"}


@pytest.mark.parametrize("state", ["open", "started"])
def test_a_window_closes_at_its_end_and_not_before(state: str) -> None:
    occasion = make_occasion(make_participant(make_study()), state=state, closes_at=NOW)
    make_message(occasion, state="sent", sent_at=NOW - HOUR)
    make_message(occasion, "reminder", due_at=NOW - HOUR)
    make_message(occasion, "reminder", 2, due_at=NOW + DAY)
    assert close_due(now=NOW - timedelta(microseconds=1)).n_closed == 0
    assert close_due(now=NOW).n_closed == 1
    assert state_of(occasion) == ("expired", "")
    assert occasion.ended_at == NOW
    assert messages_of(occasion) == [
        ("sent", ""),
        ("missed", "window_closed"),
        ("cancelled", "window_closed"),
    ]
    assert close_due(now=NOW).n_closed == 0


def test_after_an_outage_what_is_over_is_missed_and_what_is_open_opens() -> None:
    study = make_study()
    one, other = make_participant(study), make_participant(study, "BBBB-0002")
    over = planned(one, opens_at=NOW - 20 * DAY, closes_at=NOW - 6 * DAY)
    running = planned(other, opens_at=NOW - 36 * HOUR)
    assert open_due(now=NOW) == 1
    assert close_due(now=NOW).n_closed == 1
    assert (state_of(over), state_of(running)) == (("expired", ""), ("open", ""))
    assert messages_of(over)[0] == ("missed", "window_closed")
    assert messages_of(running) == [("due", ""), ("due", "")]
    assert over.started_at is None


def test_a_message_that_a_worker_has_taken_is_left_to_that_worker() -> None:
    occasion = make_occasion(make_participant(make_study()), closes_at=NOW)
    message = make_message(
        occasion, state="sending", lease_until=NOW + HOUR, lease_token=occasion.pk
    )
    close_due(now=NOW)
    message.refresh_from_db()
    assert message.state == "sending"


@pytest.mark.parametrize(
    ("m3", "hangs"),
    [
        (wave_document("m3", "P3M"), False),
        (wave_document("m3", "P3M", only_if="baseline.completed"), True),
        (
            wave_document("m3", "P0D", schedule={"anchor": "baseline.completed", "offset": "P1D"}),
            True,
        ),
    ],
)
def test_those_are_planned_again_whose_plan_hangs_on_what_has_closed(
    m3: dict[str, Any], hangs: bool
) -> None:
    person = make_participant(make_study(waves=[wave_document("baseline", "P0D"), m3]))
    make_occasion(person, "baseline", closes_at=NOW)
    make_occasion(person, "m3", closes_at=NOW)
    assert close_due(now=NOW).n_replanned == int(hangs)


def test_thousands_open_and_close_in_a_few_statements(
    django_assert_max_num_queries: Any,
) -> None:
    study = make_study()
    people = [make_participant(study, f"P{n}") for n in range(40)]
    for person in people:
        planned(person)
    with django_assert_max_num_queries(12):
        assert open_due(now=NOW) == 40
    with django_assert_max_num_queries(20):
        assert close_due(now=NOW + 15 * DAY).n_closed == 40
    assert set(Message.objects.values_list("state", flat=True)) == {"missed"}
