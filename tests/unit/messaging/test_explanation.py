"""Why was this sent, and why was nothing sent: every state, reason and circumstance has words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest

from surveys.messaging.explanation import (
    AttemptFacts,
    Guard,
    MessageExplained,
    MessageFacts,
    OccasionFacts,
    Situation,
    explain_message,
    explain_occasion,
)
from surveys.messaging.explanation.guards import OF_REASON, QUESTIONS, SUPPRESSED
from surveys.messaging.explanation.timeline import OUTCOMES, RESULTS
from surveys.messaging.models import DeliveryAttempt, Suppression
from surveys.messaging.reasons import IN_WORDS, Hurdle
from surveys.scheduling.states import Cause, MessageKind, MessageState, OccasionState, WhyNot
from tests.unit.scheduling.plans import BERLIN, utc

NOW = utc("2027-03-01 09:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REASONS = (*WhyNot, *Hurdle)
DONE = {OccasionState.COMPLETED, OccasionState.EXPIRED, OccasionState.CANCELLED}
ENDED = (OccasionState.CANCELLED, OccasionState.EXCLUDED)
PLACES = [(state, "") for state in OccasionState if state not in ENDED]
PLACES += list(itertools.product(ENDED, Cause))

SITUATION = Situation(now=NOW, zone=BERLIN)
PEOPLE: dict[str, dict[str, Any]] = {
    "as usual": {},
    "withdrawn": {"withdrawn_at": NOW - DAY},
    "unsubscribed": {"unsubscribed_at": NOW - DAY},
    "away": {"paused_until": date(2027, 3, 9), "pause_ends_at": utc("2027-03-08 23:00")},
    "bounced": {"suppressed_since": NOW - DAY, "suppressed_by": "bounce"},
    "complained": {"suppressed_since": NOW - DAY, "suppressed_by": "complaint"},
    "stopped by staff": {"suppressed_since": NOW - DAY, "suppressed_by": "staff"},
    "over the cap": {"n_mails_of_day": 6},
}
PLATFORMS: dict[str, dict[str, Any]] = {
    "running": {},
    "study paused": {"is_study_paused": True},
    "on hold": {"held_since": NOW - DAY, "held_for": "a backup was restored"},
    "server silent": {"silent_since": NOW - HOUR, "next_try_at": NOW + HOUR},
}


def occasion(state: str = "open", cause: str = "", **changes: Any) -> OccasionFacts:
    values: dict[str, Any] = {
        "state": state,
        "cause": cause,
        "opens_at": NOW - HOUR,
        "closes_at": NOW + 14 * DAY,
        "started_at": NOW - HOUR if state == "started" else None,
        "ended_at": NOW - HOUR if state in DONE else None,
        "local": {
            "day": "2027-03-01",
            "at": "09:00",
            "zone": BERLIN,
            "rule": "enrollment at 09:00",
        },
    }
    return OccasionFacts(**values | changes)


def message(state: str = "due", why_not: str = "", **changes: Any) -> MessageFacts:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "kind": MessageKind.INVITATION,
        "nth": 1,
        "state": state,
        "why_not": why_not,
        "due_at": NOW - HOUR,
        "planned_at": NOW - HOUR,
        "sent_at": NOW if state in {"sent", "bounced"} else None,
    }
    return MessageFacts(**values | changes)


def attempt(outcome: str = "temporary", reply: str = "451 later", n: int = 1) -> AttemptFacts:
    return AttemptFacts(n, NOW - HOUR, NOW - HOUR / 2, outcome, reply)


def every_case() -> Iterator[tuple[Situation, OccasionFacts, MessageFacts]]:
    situations = [
        replace(SITUATION, **who, **where)
        for who, where in itertools.product(PEOPLE.values(), PLATFORMS.values())
    ]
    messages = [
        message(state, why, kind=kind)
        for state, why, kind in itertools.product(MessageState, ("", *REASONS), MessageKind)
    ]
    occasions = [occasion(state, cause) for state, cause in PLACES]
    yield from itertools.product(situations, occasions, messages)


def is_well_said(told: MessageExplained) -> bool:
    sentences = [told.answer, *(step.says for step in told.timeline)]
    sentences += [check.asks for check in told.guards]
    sentences += [f"{check.says}." for check in told.guards if not check.passed]
    return all(_is_sentence(sentence) for sentence in sentences)


@cache
def _is_sentence(text: str) -> bool:
    is_raw = re.search(r"\bNone\b|[a-z]_[a-z]|\(\)|  |\.\.$|: \.", text)
    return text.endswith((".", "?")) and len(text) >= 5 and is_raw is None


def test_every_combination_is_told_in_sentences() -> None:
    n = 0
    for situation, place, what in every_case():
        n += 1
        told = explain_message(situation, place, what)
        assert is_well_said(told), told
        assert told.answer[0].isupper()
        if what.state == MessageState.DUE:
            assert {check.guard for check in told.guards} <= set(Guard)
            waits = any(not check.passed for check in told.guards)
            assert ("waits because" in told.answer) == waits
        if what.state in {MessageState.CANCELLED, MessageState.MISSED, MessageState.FAILED}:
            assert "was not sent" in told.answer
            assert IN_WORDS.get(what.why_not, "why is not noted") in told.answer
            if what.why_not:
                assert told.guards[-1].guard == OF_REASON[what.why_not]
                assert not told.guards[-1].passed
    assert n == len(PEOPLE) * len(PLATFORMS) * len(PLACES) * len(MessageState) * (
        len(REASONS) + 1
    ) * len(MessageKind)


def test_nothing_that_may_happen_lacks_words() -> None:
    assert set(OF_REASON) == set(IN_WORDS) == set(REASONS)
    assert set(QUESTIONS) == set(Guard)
    assert set(RESULTS) == set(MessageState)
    assert set(OUTCOMES) == set(DeliveryAttempt.Outcome.values)
    assert set(SUPPRESSED) == set(Suppression.Reason.values)


@pytest.mark.parametrize(
    ("situation", "place", "what", "said"),
    [
        ({}, {}, {}, "The invitation is due and goes out with the next delivery."),
        (
            {"is_study_paused": True}, {}, {},
            "The invitation waits because the study is paused.",
        ),
        (
            {}, {"state": "planned", "opens_at": NOW + DAY}, {"due_at": NOW + DAY},
            "The invitation waits because the window opens on 2027-03-02 at 10:00 in"
            " Europe/Berlin (09:00 UTC).",
        ),
        (
            {"n_mails_of_day": 6}, {}, {"rests_until": NOW + HOUR},
            "The invitation waits because this person got 6 mails within 24 hours.",
        ),
        (
            {"silent_since": NOW - HOUR, "next_try_at": NOW + HOUR}, {}, {},
            "The invitation waits because the mail server has not answered since 2027-03-01 at"
            " 09:00 in Europe/Berlin (08:00 UTC); it is tried again on 2027-03-01 at 11:00 in"
            " Europe/Berlin (10:00 UTC).",
        ),
        (
            {"held_since": NOW - DAY, "held_for": "a backup was restored."}, {}, {},
            "The invitation waits because sending is on hold since 2027-02-28 at 10:00 in"
            " Europe/Berlin (09:00 UTC): a backup was restored.",
        ),
        (
            {"suppressed_since": NOW - DAY, "suppressed_by": "bounce"}, {}, {},
            "The invitation waits because mail to this address came back since 2027-02-28 at 10:00"
            " in Europe/Berlin (09:00 UTC).",
        ),
        (
            {"paused_until": date(2027, 3, 9), "pause_ends_at": utc("2027-03-08 23:00")}, {}, {},
            "The invitation waits because the participant pauses until 2027-03-09.",
        ),
        (
            {}, {"snoozed_until": NOW + DAY}, {"kind": "reminder", "nth": 2, "due_at": NOW + DAY},
            "Reminder 2 waits because the participant asked not to be written to before 2027-03-02 at"
            " 10:00 in Europe/Berlin (09:00 UTC).",
        ),
        (
            {}, {}, {"kind": "reminder", "waits_for": "the invitation"},
            "Reminder 1 waits because the invitation has to be out for a while first.",
        ),
        (
            {}, {}, {"rests_until": NOW + HOUR, "attempts": (attempt(),)},
            "The invitation waits because attempt 1 did not get through: “451 later”, and it goes"
            " on from 2027-03-01 at 11:00 in Europe/Berlin (10:00 UTC).",
        ),
        (
            {}, {}, {"rests_until": NOW + HOUR, "has_slot": True},
            "The invitation waits because mails to this domain are sent a few at a time, and this"
            " one goes on from 2027-03-01 at 11:00 in Europe/Berlin (10:00 UTC).",
        ),
        (
            {}, {}, {"state": "sent", "sent_at": NOW},
            "The invitation was sent on 2027-03-01 at 10:00 in Europe/Berlin (09:00 UTC): the mail"
            " server accepted it.",
        ),
        (
            {"withdrawn_at": NOW - DAY}, {}, {"state": "cancelled", "why_not": "withdrawn"},
            "The invitation was not sent: the participant has withdrawn, on 2027-02-28 at 10:00 in"
            " Europe/Berlin (09:00 UTC).",
        ),
        (
            {}, {}, {"state": "failed", "why_not": "refused",
                     "attempts": (attempt("permanent", "550 no such box"),)},
            "The invitation was not sent: the mail server refused it for good; the last answer was"
            " “550 no such box”.",
        ),
        (
            {}, {}, {"state": "bounced", "sent_at": NOW, "returned": "mailbox full"},
            "The invitation was sent on 2027-03-01 at 10:00 in Europe/Berlin (09:00 UTC) and came"
            " back (“mailbox full”).",
        ),
    ],
)  # fmt: skip
def test_the_answer(
    situation: dict[str, Any], place: dict[str, Any], what: dict[str, Any], said: str
) -> None:
    told = explain_message(replace(SITUATION, **situation), occasion(**place), message(**what))
    assert told.answer == said


def test_the_timeline_of_one_message() -> None:
    what = message(
        "sent",
        planned_at=utc("2027-02-28 22:00"),
        due_at=utc("2027-03-01 07:00"),
        sent_at=NOW,
        attempts=(attempt(), attempt("sent", "250 queued", 2)),
    )
    local = {"rule": "enrollment at 23:00", "guards": ["quiet_hours"]}
    told = explain_message(SITUATION, occasion(local=local), what)
    assert [(step.what, step.clock, step.says) for step in told.timeline] == [
        (
            "planned", "study",
            "Planned for 2027-02-28 at 23:00 in Europe/Berlin (22:00 UTC) by the rule enrollment at"
            " 23:00.",
        ),
        (
            "moved", "study",
            "Moved to 2027-03-01 at 08:00 in Europe/Berlin (07:00 UTC): quiet hours.",
        ),
        ("claimed", "real", "A worker took it for attempt 1."),
        (
            "attempt", "real",
            "Attempt 1 did not get through and is repeated. The server's words: “451 later”.",
        ),
        ("claimed", "real", "A worker took it for attempt 2."),
        ("attempt", "real", "Attempt 2 got through. The server's words: “250 queued”."),
        ("sent", "study", "Sent."),
    ]  # fmt: skip
    passed = [check.guard for check in told.guards if check.passed]
    assert Guard.WANTS_MAIL in passed
    assert all(check.at == NOW - HOUR for check in told.guards)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (
            {"opens_at": None, "closes_at": None, "state": "planned",
             "local": {"waits_for": "therapy"}},
            "No invitation was planned because its date is not known yet: the date 'therapy' is"
            " missing.",
        ),
        (
            {"is_self_started": True},
            "No invitation was planned because the participant starts this questionnaire.",
        ),
        (
            {"state": "excluded", "cause": "not_in_arm"},
            "No invitation was planned because the wave belongs to other arms.",
        ),
        (
            {"state": "cancelled", "cause": "withdrawn"},
            "No invitation was planned because the participant withdrew.",
        ),
        (
            {"state": "excluded", "cause": "branched_out",
             "local": {"guards": ["closed_before_enrolment"]}},
            "No invitation was planned because the window had closed before the participant"
            " enrolled.",
        ),
        ({}, "No invitation was planned because the plan holds none for it."),
    ],
)  # fmt: skip
def test_why_nothing_was_planned(place: dict[str, Any], said: str) -> None:
    assert explain_occasion(SITUATION, occasion(**place), []).answer == (said,)


def test_every_occasion_without_a_message_says_why() -> None:
    for (state, cause), dated in itertools.product(PLACES, (True, False)):
        times = {} if dated else {"opens_at": None, "closes_at": None}
        (answer,) = explain_occasion(SITUATION, occasion(state, cause, **times), []).answer
        assert _is_sentence(answer), answer


def test_an_occasion_tells_first_that_nothing_was_sent() -> None:
    waiting = [message(), message(kind="reminder", due_at=NOW + DAY)]
    told = explain_occasion(replace(SITUATION, is_study_paused=True), occasion(), waiting)
    assert told.answer[0] == "Nothing was sent so far."
    assert told.answer[1] == "The invitation waits because the study is paused."
    sent = [message("sent"), message(kind="reminder", due_at=NOW + DAY)]
    assert explain_occasion(SITUATION, occasion(), sent).answer[0].startswith("The invitation was")
    assert told.rule == "enrollment at 09:00"
    assert told.facts["day"] == "2027-03-01"
