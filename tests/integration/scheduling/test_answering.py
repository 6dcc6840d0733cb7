"""Start, save, complete, withdraw: each moves the occasion once and takes the messages along."""

from __future__ import annotations

from copy import copy
from datetime import timedelta
from typing import Any

import pytest

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib.states import IllegalMove
from surveys.scheduling.actions import (
    NotAnswerable,
    OccasionClosed,
    OccasionNotOpen,
    cancel_remaining,
    hold,
    open_link,
    record_saved,
)
from surveys.scheduling.models import Occasion
from tests.integration.scheduling.holding import save
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
PATIENT = {"start_within": "P14D", "finish_within": "P2D", "inactivity": "PT12H"}


def an_occasion(window: dict[str, str] | None = None, **changes: Any) -> Occasion:
    waves = [wave_document("baseline", "P0D", window=window or PATIENT)]
    return make_occasion(make_participant(make_study(waves=waves)), **changes)


def test_start_is_noted_once() -> None:
    occasion = an_occasion()
    assert open_link(occasion=occasion.pk, now=NOW).link_opened_at == NOW
    assert open_link(occasion=occasion.pk, now=NOW + HOUR).link_opened_at == NOW
    occasion.refresh_from_db()
    assert (occasion.state, occasion.link_opened_at) == ("open", NOW)


@pytest.mark.parametrize(
    ("changes", "refusal", "state"),
    [
        ({"state": "planned"}, OccasionNotOpen, "planned"),
        ({"state": "excluded", "cause": "not_in_arm"}, OccasionNotOpen, "excluded"),
        ({"state": "completed"}, OccasionClosed, "completed"),
        ({"state": "cancelled", "cause": "withdrawn"}, OccasionClosed, "cancelled"),
        ({"state": "expired"}, OccasionClosed, "expired"),
        ({"closes_at": NOW}, OccasionClosed, "expired"),
        ({"state": "started", "closes_at": NOW}, OccasionClosed, "expired"),
    ],
)
def test_what_is_not_open_is_refused_and_stays_as_it_was(
    changes: dict[str, Any], refusal: type[NotAnswerable], state: str
) -> None:
    occasion = an_occasion(**changes)
    with pytest.raises(refusal) as opened:
        open_link(occasion=occasion.pk, now=NOW)
    with pytest.raises(refusal) as saved:
        save(occasion, NOW)
    assert (opened.value.state, saved.value.state) == (state, state)
    fresh = Occasion.objects.get()
    assert (fresh.state, fresh.link_opened_at, fresh.last_saved_at) == (
        changes.get("state", "open"), None, None,
    )  # fmt: skip


def test_the_first_save_starts_and_each_save_moves_the_close() -> None:
    occasion = an_occasion()
    saved = save(occasion, NOW)
    assert (saved.state, saved.started_at, saved.last_saved_at) == ("started", NOW, NOW)
    assert saved.closes_at == NOW + 12 * HOUR
    save(occasion, NOW + 10 * HOUR)
    fresh = Occasion.objects.get()
    assert (fresh.state, fresh.started_at) == ("started", NOW)
    assert (fresh.last_saved_at, fresh.closes_at) == (NOW + 10 * HOUR, NOW + 22 * HOUR)
    with pytest.raises(OccasionClosed):
        save(occasion, NOW + 22 * HOUR)


def test_without_an_inactivity_limit_a_start_gives_the_time_to_finish() -> None:
    occasion = an_occasion({"start_within": "P14D", "finish_within": "P2D"})
    first_close = occasion.opens_at
    assert first_close is not None
    save(occasion, NOW + 13 * DAY)
    assert Occasion.objects.get().closes_at == first_close + 16 * DAY


def test_a_completion_ends_the_occasion_and_its_reminders() -> None:
    occasion = an_occasion()
    make_message(occasion, state="sent", sent_at=NOW)
    make_message(occasion, "reminder", due_at=NOW + DAY)
    save(occasion, NOW)
    held = save(occasion, NOW + HOUR, completes=True)
    fresh = Occasion.objects.get()
    assert (fresh.state, fresh.ended_at) == ("completed", NOW + HOUR)
    assert (held.state, held.ended_at) == (fresh.state, fresh.ended_at)
    found = fresh.messages.order_by("due_at").values_list("state", "why_not")
    assert list(found) == [("sent", ""), ("cancelled", "completed")]


def test_one_page_may_start_and_complete() -> None:
    saved = save(an_occasion(), NOW, completes=True)
    fresh = Occasion.objects.get()
    assert (fresh.state, fresh.started_at, fresh.ended_at) == ("completed", NOW, NOW)
    assert (saved.state, saved.closes_at) == (fresh.state, fresh.closes_at)


@pytest.mark.parametrize("state", ["completed", "expired"])
def test_what_has_ended_behind_the_back_of_its_holder_is_not_written(state: str) -> None:
    occasion = hold(an_occasion().pk)
    ended = {"state": state, "started_at": NOW, "ended_at": NOW}
    Occasion.objects.update(**ended)
    for completes in (False, True):
        with pytest.raises(IllegalMove):
            record_saved(occasion=copy(occasion), now=NOW, completes=completes)
    assert Occasion.objects.get().state == state


def test_withdrawal_ends_what_has_not_ended_and_nothing_else() -> None:
    person = make_participant(make_study())
    other = make_occasion(make_participant(person.study, "BBBB-0002"))
    for nth, state in enumerate(["planned", "open", "started", "completed", "expired"], 1):
        make_message(make_occasion(person, nth=nth, state=state))
    by = Actor.participant(person.code)
    assert cancel_remaining(participant=person, by=by, now=NOW) == 3
    rows = person.occasions.order_by("nth").values_list("state", "cause", "messages__state")
    gone = ("cancelled", "withdrawn", "cancelled")
    assert list(rows) == [gone, gone, gone, ("completed", "", "due"), ("expired", "", "due")]
    other.refresh_from_db()
    assert other.state == "open"
    (event,) = Event.objects.all()
    assert (event.event, event.subject, event.data) == (
        "plan.cancelled",
        person.code,
        {"cancelled": 3},
    )
    assert cancel_remaining(participant=person, by=by, now=NOW) == 0
    assert Event.objects.count() == 1
