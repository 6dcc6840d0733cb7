"""What may be claimed, what is refused and why, and what happens to claims that are left behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from surveys.design.models import Study
from surveys.messaging import attempts, claims, retries
from surveys.messaging.claims import Claim
from surveys.messaging.composing import Letter
from surveys.messaging.models import DeliveryAttempt
from surveys.messaging.transports import Kind, Outcome
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState
from tests import world
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]
MARGIN = timedelta(seconds=10)
SENT = Outcome(Kind.SENT, "250 OK")
HOUR = timedelta(hours=1)


def claim(now: Any = NOW, **options: Any) -> Claim:
    return claims.claim(now=now, **{"limit": 50, "cap": 6} | options)


def claimed(message: Message) -> tuple[Letter, Claim]:
    taken = claim()
    return next(each for each in taken.letters if each.id == message.id), taken


def lease_ends(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(lease_until=F("lease_until") - DAY)


def passes(letter: Letter, taken: Claim, margin: timedelta = MARGIN) -> bool:
    return attempts.open_gate(letter, taken.token, now=NOW, margin=margin)


WITHDRAWN = {"status": "withdrawn", "withdrawn_at": NOW}
LATE = {"closes_at": NOW}
UNSUBSCRIBED = {"unsubscribed_at": NOW - DAY}
AWAY = {"paused_until": NOW.date(), "pause_ends_at": NOW + timedelta(seconds=1)}
BACK = {"paused_until": NOW.date(), "pause_ends_at": NOW}


@pytest.mark.parametrize(
    ("kind", "person", "occasion", "is_paused", "state", "why_not"),
    [
        ("invitation", {}, {}, False, "sending", ""),
        ("reminder", {}, {}, False, "sending", ""),
        ("reminder", {}, {"state": "started"}, False, "sending", ""),
        ("invitation", {}, {"state": "started"}, False, "cancelled", "started"),
        ("invitation", WITHDRAWN, {}, False, "cancelled", "withdrawn"),
        ("invitation", WITHDRAWN, LATE, False, "cancelled", "withdrawn"),
        ("reminder", {}, {"state": "completed"}, False, "cancelled", "completed"),
        ("invitation", {}, LATE, False, "missed", "window_closed"),
        ("invitation", {}, {"state": "expired"}, False, "missed", "window_closed"),
        ("invitation", {}, LATE, True, "missed", "paused"),
        ("invitation", {}, {"state": "cancelled", "cause": "paused"}, False, "cancelled", "paused"),
        (
            *("invitation", {}, {"state": "cancelled", "cause": "not_in_version"}),
            *(False, "cancelled", "replanned"),
        ),
        (
            *("invitation", {}, {"state": "excluded", "cause": "branched_out"}),
            *(False, "cancelled", "condition"),
        ),
        ("invitation", UNSUBSCRIBED, {}, False, "cancelled", "unsubscribed"),
        ("reminder", UNSUBSCRIBED, {}, True, "cancelled", "unsubscribed"),
        ("invitation", UNSUBSCRIBED, LATE, False, "cancelled", "unsubscribed"),
        ("reminder", UNSUBSCRIBED, {"state": "completed"}, False, "cancelled", "completed"),
        ("invitation", AWAY, {}, False, "due", ""),
        ("invitation", AWAY, LATE, False, "missed", "paused"),
        ("invitation", BACK, {}, False, "sending", ""),
        ("invitation", {}, {}, True, "due", ""),
        ("invitation", {}, {"state": "planned"}, False, "due", ""),
        ("invitation", {}, {"state": "planned"} | LATE, False, "missed", "window_closed"),
    ],
)
def test_the_claim_checks_again_what_may_have_changed(
    study: Study,
    kind: str,
    person: dict[str, Any],
    occasion: dict[str, Any],
    is_paused: bool,
    state: str,
    why_not: str,
) -> None:
    row = world.make_occasion(world.make_participant(study, **person), **occasion)
    message = world.make_message(row, kind)
    Study.objects.update(is_paused=is_paused)
    claim()
    message.refresh_from_db()
    assert (message.state, message.why_not) == (state, why_not)


@pytest.mark.parametrize(
    ("invitation", "is_claimed"),
    [
        ({"state": "due", "not_before": NOW + 1000 * DAY}, False),
        ({"state": "sending", "lease_until": NOW + 1000 * DAY, "lease_token": uuid4()}, False),
        ({"state": "sent", "sent_at": NOW - 4 * DAY}, True),
        ({"state": "failed", "why_not": "refused"}, True),
        ({"state": "unknown"}, True),
    ],
)
def test_a_reminder_never_overtakes_its_invitation(
    study: Study, invitation: dict[str, Any], is_claimed: bool
) -> None:
    occasion = world.make_occasion(world.make_participant(study))
    world.make_message(occasion, due_at=NOW - 4 * DAY, **invitation)
    reminder = world.make_message(occasion, "reminder")
    assert [letter.id for letter in claim().letters] == [reminder.id] * is_claimed


def test_after_an_outage_a_reminder_keeps_half_its_distance(study: Study) -> None:
    occasion = world.make_occasion(world.make_participant(study))
    world.make_message(occasion, due_at=NOW - 4 * DAY, state="sent", sent_at=NOW)
    world.make_message(occasion, "reminder", due_at=NOW - 2 * DAY)
    assert not claim(NOW + DAY - HOUR).letters
    assert len(claim(NOW + DAY + HOUR).letters) == 1


def test_what_waits_does_not_stand_in_the_way(study: Study) -> None:
    for n in range(3):
        waiting = world.make_occasion(world.make_participant(study, f"W-{n}"), state="planned")
        world.make_message(waiting, due_at=NOW - DAY)
    ready = world.make_message(world.make_occasion(world.make_participant(study)))
    assert claims.n_ready(now=NOW) == 1
    assert [letter.id for letter in claim(limit=1).letters] == [ready.id]
    assert claims.n_ready(now=NOW) == 0


def test_the_cap_counts_what_may_have_arrived(study: Study) -> None:
    person = world.make_participant(study)
    for nth, state in enumerate(["sent", "unknown", "sending"], start=1):
        world.make_message(
            world.make_occasion(person, nth=nth),
            state=state,
            sent_at=NOW - HOUR if state == "sent" else None,
            lease_until=NOW + 1000 * DAY,
            lease_token=uuid4(),
        )
    world.make_message(world.make_occasion(person, nth=4))
    assert not claim(cap=3).letters
    Message.objects.update(not_before=None)
    assert len(claim(cap=4).letters) == 1


@pytest.mark.parametrize(("allowed", "n_taken"), [(1, 0), (2, 1), (50, 0)])
def test_a_study_may_allow_fewer_mails_but_never_more(allowed: int, n_taken: int) -> None:
    study = world.make_study("quiet-study", messages_per_day=allowed)
    person = world.make_participant(study)
    n_sent = 1 if allowed < 50 else 4
    for nth in range(1, n_sent + 1):
        occasion = world.make_occasion(person, nth=nth)
        world.make_message(occasion, state="sent", sent_at=NOW - HOUR)
    world.make_message(world.make_occasion(person, nth=9))
    assert len(claim(cap=4).letters) == n_taken


def test_caps_are_read_once_for_all_people_of_a_claim(
    study: Study, django_assert_max_num_queries: Any
) -> None:
    def ready(n: int, first: int) -> None:
        for k in range(first, first + n):
            person = world.make_participant(study, f"C-{k}")
            world.make_message(world.make_occasion(person))

    ready(2, 0)
    with CaptureQueriesContext(connection) as few:
        assert len(claim().letters) == 2
    ready(20, 2)
    with django_assert_max_num_queries(len(few)):
        assert len(claim().letters) == 20


def test_a_pause_before_the_next_attempt_is_real_time(study: Study) -> None:
    message = world.make_message(world.make_occasion(world.make_participant(study)))
    letter, taken = claimed(message)
    attempts.settle(letter, taken.token, Outcome(Kind.TEMPORARY, "451"), now=NOW)
    assert not claim(NOW + 10 * DAY).letters


class TestTheGate:
    """The last look before the body."""

    @pytest.fixture
    def message(self, study: Study) -> Message:
        return world.make_message(world.make_occasion(world.make_participant(study)))

    def test_opens_and_says_so_on_record(self, message: Message) -> None:
        letter, taken = claimed(message)
        assert passes(letter, taken)
        assert DeliveryAttempt.objects.get().body_started_at is not None

    def test_stays_shut_when_the_lease_does_not_outlast_the_send(self, message: Message) -> None:
        letter, taken = claimed(message)
        assert not passes(letter, taken, margin=claims.LEASE)

    def test_stays_shut_for_a_worker_whose_claim_was_reaped(self, message: Message) -> None:
        letter, taken = claimed(message)
        lease_ends(message)
        claims.reap()
        assert not passes(letter, taken)
        Message.objects.update(not_before=None)
        again, retaken = claimed(message)
        assert not passes(letter, taken)
        assert passes(again, retaken)

    def test_control_without_the_fence_a_stale_worker_would_pass(
        self, message: Message, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stale, taken = claimed(message)
        lease_ends(message)
        claims.reap()
        Message.objects.update(not_before=None)
        claimed(message)
        monkeypatch.setattr(attempts, "FENCE", "true")
        assert passes(stale, taken)

    @pytest.mark.parametrize(
        "change",
        [
            lambda: Participant.objects.update(**WITHDRAWN),
            lambda: Occasion.objects.update(state="completed", started_at=NOW, ended_at=NOW),
            lambda: Occasion.objects.update(state="started", started_at=NOW),
            lambda: Occasion.objects.update(closes_at=NOW),
            lambda: Study.objects.update(is_paused=True),
        ],
    )
    def test_stays_shut_when_something_changed_since_the_claim(
        self, message: Message, change: Callable[[], int]
    ) -> None:
        letter, taken = claimed(message)
        change()
        assert not passes(letter, taken)


class TestTheReaper:
    """What becomes of claims whose worker is gone."""

    @pytest.fixture
    def message(self, study: Study) -> Message:
        return world.make_message(world.make_occasion(world.make_participant(study)))

    def test_leaves_a_running_lease_alone(self, message: Message) -> None:
        claimed(message)
        assert claims.reap() == 0
        message.refresh_from_db()
        assert message.state == MessageState.SENDING

    def test_makes_due_again_what_had_not_begun(self, message: Message) -> None:
        claimed(message)
        lease_ends(message)
        assert claims.reap() == 0
        message.refresh_from_db()
        assert (message.state, message.lease_token) == (MessageState.DUE, None)
        assert message.not_before is not None
        assert DeliveryAttempt.objects.get().outcome == "temporary"

    def test_never_repeats_what_may_have_arrived(self, message: Message) -> None:
        letter, taken = claimed(message)
        passes(letter, taken)
        lease_ends(message)
        assert claims.reap() == 1
        message.refresh_from_db()
        assert message.state == MessageState.UNKNOWN
        assert claim().is_empty

    def test_believes_a_late_yes_of_the_same_attempt(self, message: Message) -> None:
        letter, taken = claimed(message)
        passes(letter, taken)
        lease_ends(message)
        claims.reap()
        attempts.settle(letter, uuid4(), SENT, now=NOW)
        message.refresh_from_db()
        assert message.state == MessageState.UNKNOWN
        attempts.settle(letter, taken.token, SENT, now=NOW)
        message.refresh_from_db()
        assert (message.state, message.sent_at) == (MessageState.SENT, NOW)

    def test_ignores_a_late_no(self, message: Message) -> None:
        letter, taken = claimed(message)
        passes(letter, taken)
        lease_ends(message)
        claims.reap()
        attempts.settle(letter, taken.token, Outcome(Kind.TEMPORARY, "451"), now=NOW)
        message.refresh_from_db()
        assert message.state == MessageState.UNKNOWN

    def test_gives_up_on_what_kills_every_worker(self, message: Message) -> None:
        for _ in range(retries.MAX_ATTEMPTS):
            Message.objects.update(not_before=None)
            claimed(message)
            lease_ends(message)
            claims.reap()
        message.refresh_from_db()
        assert (message.state, message.why_not) == (MessageState.FAILED, "too_many_attempts")


def test_a_result_without_the_claim_changes_nothing(study: Study) -> None:
    message = world.make_message(world.make_occasion(world.make_participant(study)))
    letter, _ = claimed(message)
    attempts.settle(letter, uuid4(), SENT, now=NOW)
    message.refresh_from_db()
    assert message.state == MessageState.SENDING
    assert DeliveryAttempt.objects.get().outcome == "pending"


def test_releasing_spares_what_has_begun(study: Study) -> None:
    for n in range(2):
        world.make_message(world.make_occasion(world.make_participant(study, f"A-{n}")))
    taken = claim()
    passes(taken.letters[0], taken)
    assert claims.release(taken.letters, taken.token) == 1
    assert sorted(Message.objects.values_list("state", "n_attempts")) == [
        ("due", 0),
        ("sending", 1),
    ]


def test_a_wish_for_no_mails_closes_the_gate_of_a_claimed_message(
    study: Study, invite: Invite
) -> None:
    letter, taken = claimed(invite())
    Participant.objects.update(unsubscribed_at=NOW)
    assert not passes(letter, taken)
    Participant.objects.update(unsubscribed_at=None)
    assert passes(letter, taken)
