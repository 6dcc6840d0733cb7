"""Two at once: real connections, real locks, and a control for each lock.

The control takes the lock away and must then show the damage, else the test beside it proves
nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import QuerySet

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib.states import IllegalMove
from surveys.participants import actions as participants
from surveys.participants.models import Participant
from surveys.scheduling import facts, replanning, sweeping
from surveys.scheduling.actions import (
    cancel_remaining,
    close_due,
    hold,
    open_due,
    record_saved,
    replan,
)
from surveys.scheduling.comparing import compare_all
from surveys.scheduling.models import Message, Occasion
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

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.system("test")


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same time, each on its own connection; what they returned or raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


class Meeting:
    """Holds both sides between reading and writing, so that they are sure to overlap."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    def wait(self) -> None:
        """Wait for the other side, but not when a lock keeps it away."""
        try:
            self._barrier.wait(timeout=0.5)
        except threading.BrokenBarrierError:
            return


@pytest.fixture
def _overlapping_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting, compare = Meeting(), compare_all

    def slow(*arguments: Any) -> Any:
        compared = compare(*arguments)
        meeting.wait()
        return compared

    monkeypatch.setattr(replanning, "compare_all", slow)


def unlocked(ids: Iterable[int]) -> list[Participant]:
    """`facts.hold` without its lock."""
    return list(Participant.objects.filter(pk__in=list(ids)).select_related("study"))


@pytest.mark.usefixtures("_overlapping_plans")
def test_two_first_plans_at_once_make_one() -> None:
    person = make_participant(make_study())
    results = at_once(*[lambda: replan([person], by=BY, now=NOW)] * 2)
    assert sorted((counts.created, counts.kept) for counts in results) == [(0, 2), (2, 0)]
    assert (Occasion.objects.count(), Message.objects.count()) == (2, 4)
    assert Event.objects.filter(event="plan.made").count() == 1


@pytest.mark.usefixtures("_overlapping_plans")
def test_control_without_the_persons_lock_two_plans_collide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replanning, "hold", unlocked)
    person = make_participant(make_study())
    results = at_once(*[lambda: replan([person], by=BY, now=NOW)] * 2)
    assert [type(r) for r in results if isinstance(r, Exception)] == [IntegrityError]


@pytest.mark.usefixtures("_overlapping_plans")
def test_two_replans_with_different_facts_end_as_the_later_one_says() -> None:
    person = make_participant(make_study())
    replan([person], by=BY, now=NOW)

    def move(zone: str) -> None:
        with transaction.atomic():
            here = Participant.objects.get(pk=person.pk)
            participants.set_timezone(participant=here, timezone=zone, by=BY, now=NOW)
            replan([here], by=BY, now=NOW)

    zones = ("America/New_York", "Asia/Tokyo")
    assert at_once(*[lambda zone=zone: move(zone) for zone in zones]) == [None, None]
    person.refresh_from_db()
    m3 = Occasion.objects.get(wave="m3")
    assert m3.local["zone"] == person.timezone
    assert m3.messages.count() == 2


def many_due(n: int, **changes: Any) -> None:
    study = make_study()
    for number in range(n):
        person = make_participant(study, f"P{number}")
        make_message(make_occasion(person, **changes), due_at=NOW + DAY)


def meet_after_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two sweeps hold their first batch at the same time; batches are small."""
    meeting, claim = Meeting(), sweeping.claim

    def slow(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
        claimed = claim(rows, by_time)
        meeting.wait()
        return claimed

    monkeypatch.setattr(sweeping, "claim", slow)
    monkeypatch.setattr(sweeping, "BATCH", 10)


def without_lock(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
    """`sweeping.claim` without its lock."""
    return list(rows.order_by(by_time, "pk")[: sweeping.BATCH])


def test_two_sweeps_at_once_open_and_close_each_occasion_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meet_after_claims(monkeypatch)
    many_due(25, state="planned")
    assert sum(at_once(*[lambda: open_due(now=NOW)] * 2)) == 25
    assert set(Occasion.objects.values_list("state", flat=True)) == {"open"}
    later = NOW + 15 * DAY
    closed = at_once(*[lambda: close_due(now=later)] * 2)
    assert sum(one.n_closed for one in closed) == 25
    assert set(Message.objects.values_list("state", flat=True)) == {"missed"}


def test_control_without_the_claim_two_sweeps_take_the_same_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeping, "claim", without_lock)
    meet_after_claims(monkeypatch)
    many_due(8, state="planned")
    results = at_once(*[lambda: open_due(now=NOW)] * 2)
    assert [type(r) for r in results if isinstance(r, Exception)] == [IllegalMove]


def test_a_withdrawal_and_a_last_page_at_once_do_not_block_each_other() -> None:
    person = make_participant(make_study())
    occasion = make_occasion(person, state="started")
    met = Meeting()

    def finish() -> None:
        with transaction.atomic():
            row = hold(occasion.pk)
            met.wait()
            record_saved(occasion=row, now=NOW, completes=True)
            replan([person], by=BY, now=NOW)

    def withdraw() -> None:
        with transaction.atomic():
            here = Participant.objects.get(pk=person.pk)
            met.wait()
            participants.withdraw(
                participant=here,
                scope="keep_data",
                reason="",
                by=BY,
                now=NOW + timedelta(seconds=1),
            )
            cancel_remaining(participant=here, by=BY, now=NOW)

    assert at_once(finish, withdraw) == [None, None]
    occasion.refresh_from_db()
    assert occasion.state == "completed"


def test_an_occasion_is_held_behind_its_person() -> None:
    """Who waits for the occasion has the person: the one order in which everybody locks."""
    occasion = make_occasion(make_participant(make_study()))
    is_held = threading.Event()

    def has_the_occasion() -> bool:
        """Whether somebody else holds the person while they wait for this."""
        with transaction.atomic():
            Occasion.objects.select_for_update(no_key=True).get(pk=occasion.pk)
            is_held.set()
            while not _is_waited_for():
                time.sleep(0.02)
            person = Participant.objects.filter(pk=occasion.participant_id)
            return not person.select_for_update(no_key=True, skip_locked=True).exists()

    def holds() -> str:
        is_held.wait(timeout=30)
        with transaction.atomic():
            return hold(occasion.pk).state

    assert at_once(has_the_occasion, holds) == [True, "open"]


def _is_waited_for() -> bool:
    """Whether a session of this database waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_page_saved_while_the_sweep_closes_is_either_kept_or_refused() -> None:
    outcomes = set()
    for number in range(6):
        person = make_participant(make_study(f"study-{number}"), f"P{number}")
        occasion = make_occasion(person, closes_at=NOW)

        def keep(row: Occasion = occasion) -> str:
            try:
                return save(row, NOW - timedelta(microseconds=1)).state
            except ValueError as refusal:
                return type(refusal).__name__

        saved, closed = at_once(keep, lambda: close_due(now=NOW))
        occasion.refresh_from_db()
        outcomes.add((saved, closed.n_closed, occasion.state))
    assert outcomes <= {("started", 0, "started"), ("OccasionClosed", 1, "expired")}


def locking_occasions_only(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
    """`sweeping.claim` without its lock on the participants."""
    held = rows.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return list(held.select_related("participant").order_by(by_time, "pk"))


def close_while_answering(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A sweep that closes and plans again meets somebody who has their own row already."""
    waves = [
        wave_document("baseline", "P0D"),
        wave_document("m3", "P3M", only_if="baseline.completed"),
    ]
    person = make_participant(make_study(waves=waves))
    occasion = make_occasion(person, closes_at=NOW)
    met, claim = Meeting(), sweeping.claim

    def slow(rows: QuerySet[Occasion], by_time: str) -> list[Occasion]:
        claimed = claim(rows, by_time)
        met.wait()
        return claimed

    def answer() -> None:
        with transaction.atomic():
            facts.hold([person.pk])
            met.wait()
            hold(occasion.pk)

    monkeypatch.setattr(sweeping, "claim", slow)
    return at_once(answer, lambda: close_due(now=NOW))


def test_a_sweep_that_plans_again_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, closed = close_while_answering(monkeypatch)
    assert answered is None
    assert closed.n_closed == closed.n_replanned
    assert close_due(now=NOW).n_closed + closed.n_closed == 1


def test_control_without_the_participants_lock_sweep_and_answer_block_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeping, "claim", locking_occasions_only)
    results = close_while_answering(monkeypatch)
    assert [type(r) for r in results if isinstance(r, Exception)] == [OperationalError]
