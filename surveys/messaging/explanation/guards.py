"""The guards that a message passes before it goes out, in the order in which they are asked.

`messaging.guards` and `messaging.claims` ask the same in SQL; here each says what it found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from surveys.messaging.explanation.facts import AttemptFacts, Case
from surveys.messaging.reasons import IN_WORDS, Hurdle
from surveys.scheduling.moments import told
from surveys.scheduling.states import Cause, MessageKind, MessageState, OccasionState, WhyNot


class Guard(StrEnum):
    """What is asked before a message goes out."""

    TAKES_PART = "takes_part"
    NOT_COMPLETED = "not_completed"
    IN_THE_PLAN = "in_the_plan"
    CONDITION_MET = "condition_met"
    WANTS_MAIL = "wants_mail"
    WINDOW_NOT_OVER = "window_not_over"
    NOT_BEGUN = "not_begun"
    STUDY_RUNS = "study_runs"
    NOT_AWAY = "not_away"
    NOT_SNOOZED = "not_snoozed"
    WINDOW_OPEN = "window_open"
    ITS_TURN = "its_turn"
    DUE = "due"
    RESTED = "rested"
    BELOW_CAP = "below_cap"
    NOT_ON_HOLD = "not_on_hold"
    SERVER_ANSWERS = "server_answers"
    ADDRESS_WORKS = "address_works"
    CAN_BE_WORDED = "can_be_worded"
    SERVER_TAKES_IT = "server_takes_it"


# Yes lets the message pass.
QUESTIONS: Mapping[Guard, str] = {
    Guard.TAKES_PART: "Does the participant take part?",
    Guard.NOT_COMPLETED: "Is the questionnaire still to be completed?",
    Guard.IN_THE_PLAN: "Does the plan still ask for it?",
    Guard.CONDITION_MET: "Is the condition of the wave met, if it has one?",
    Guard.WANTS_MAIL: "Does the participant want mails?",
    Guard.WINDOW_NOT_OVER: "Is there still time to answer?",
    Guard.NOT_BEGUN: "Is the questionnaire not yet begun, if this is its invitation?",
    Guard.STUDY_RUNS: "Does the study run, without a pause?",
    Guard.NOT_AWAY: "Is the participant there, and not pausing for a while?",
    Guard.NOT_SNOOZED: "May the participant be written to again, if they asked for later?",
    Guard.WINDOW_OPEN: "Is the questionnaire open?",
    Guard.ITS_TURN: "Is the message before it out, and for long enough?",
    Guard.DUE: "Has its moment come?",
    Guard.RESTED: "Is the pause after an earlier attempt over?",
    Guard.BELOW_CAP: "Has the participant got fewer mails within 24 hours than the limit?",
    Guard.NOT_ON_HOLD: "Is sending not on hold?",
    Guard.SERVER_ANSWERS: "Does the mail server answer?",
    Guard.ADDRESS_WORKS: "Is there an address to which mails may go?",
    Guard.CAN_BE_WORDED: "Do the texts and the participant's details make a mail?",
    Guard.SERVER_TAKES_IT: "Does the mail server take it?",
}

# Which guard said no, by the reason that a message keeps.
OF_REASON: Mapping[str, Guard] = {
    WhyNot.WINDOW_CLOSED: Guard.WINDOW_NOT_OVER,
    WhyNot.COMPLETED: Guard.NOT_COMPLETED,
    WhyNot.WITHDRAWN: Guard.TAKES_PART,
    WhyNot.PAUSED: Guard.STUDY_RUNS,
    WhyNot.SNOOZED: Guard.NOT_SNOOZED,
    WhyNot.UNSUBSCRIBED: Guard.WANTS_MAIL,
    WhyNot.FEWER_REMINDERS: Guard.IN_THE_PLAN,
    WhyNot.SUPPRESSED: Guard.ADDRESS_WORKS,
    WhyNot.CONDITION: Guard.CONDITION_MET,
    WhyNot.REPLANNED: Guard.IN_THE_PLAN,
    Hurdle.STARTED: Guard.NOT_BEGUN,
    Hurdle.CANNOT_RENDER: Guard.CAN_BE_WORDED,
    Hurdle.NO_ADDRESS: Guard.ADDRESS_WORKS,
    Hurdle.REFUSED: Guard.SERVER_TAKES_IT,
    Hurdle.TOO_MANY_ATTEMPTS: Guard.SERVER_TAKES_IT,
    Hurdle.RESTORED: Guard.NOT_ON_HOLD,
}


class Check(NamedTuple):
    """One guard's answer. `at` is when what it found came about, or when it was asked; `says`
    completes "because ..." where it did not pass.
    """

    guard: Guard
    passed: bool
    at: datetime | None
    says: str = ""

    @property
    def asks(self) -> str:
        """The question; yes lets the message pass."""
        return QUESTIONS[self.guard]


Found = tuple[datetime | None, str] | None  # None when the guard lets the message pass


def checks(case: Case) -> tuple[Check, ...]:
    """Every guard's answer about a message: as it is now while it waits, as it was at its end."""
    message = case.message
    if message.state == MessageState.DUE:
        return tuple(_asked(guard, find(case), case) for guard, find in _FINDERS.items())
    if message.why_not in OF_REASON:
        return (*_passed_before(case), _ended_by(case))
    return _passed_before(case)


def _asked(guard: Guard, found: Found, case: Case) -> Check:
    if found is None:
        return Check(guard, True, case.situation.now)
    return Check(guard, False, *found)


def _passed_before(case: Case) -> tuple[Check, ...]:
    """What the claim found in order when the last attempt began; nothing is known without one."""
    if not case.message.attempts:
        return ()
    at = case.message.attempts[-1].began_at
    failed = OF_REASON.get(case.message.why_not)
    return tuple(Check(guard, True, at) for guard in _FINDERS if guard is not failed)


def _ended_by(case: Case) -> Check:
    """The guard that ended the message, with the moment of what it found where that is known."""
    guard = OF_REASON[case.message.why_not]
    find = _FINDERS.get(guard)
    at = found[0] if find and (found := find(case)) else None
    if at is None and case.message.attempts:
        at = case.message.attempts[-1].ended_at
    return Check(guard, False, at, IN_WORDS[case.message.why_not])


def _takes_part(case: Case) -> Found:
    at = case.situation.withdrawn_at
    return (at, f"the participant withdrew on {told(at, case.situation.zone)}") if at else None


def _not_completed(case: Case) -> Found:
    if case.occasion.state != OccasionState.COMPLETED:
        return None
    return case.occasion.ended_at, "the questionnaire is completed"


def _in_the_plan(case: Case) -> Found:
    state, cause = case.occasion.state, case.occasion.cause
    if state == OccasionState.CANCELLED or (
        state == OccasionState.EXCLUDED and cause != Cause.BRANCHED_OUT
    ):
        return case.occasion.ended_at, f"the occasion is {_WORDS[state]}"
    return None


def _condition_met(case: Case) -> Found:
    if case.occasion.cause != Cause.BRANCHED_OUT:
        return None
    return None, "the wave's condition is not met"


def _wants_mail(case: Case) -> Found:
    at, zone = case.situation.unsubscribed_at, case.situation.zone
    return (at, f"the participant unsubscribed from mails on {told(at, zone)}") if at else None


def _window_not_over(case: Case) -> Found:
    closes_at = case.occasion.closes_at
    is_over = closes_at is not None and closes_at <= case.situation.now
    if not is_over and case.occasion.state != OccasionState.EXPIRED:
        return None
    return closes_at, f"the time to answer is over{_on(closes_at, case)}"


def _not_begun(case: Case) -> Found:
    if (case.occasion.state, case.message.kind) != (OccasionState.STARTED, MessageKind.INVITATION):
        return None
    return case.occasion.started_at, "the questionnaire is already begun"


def _study_runs(case: Case) -> Found:
    return (None, "the study is paused") if case.situation.is_study_paused else None


def _not_away(case: Case) -> Found:
    ends_at = case.situation.pause_ends_at
    if ends_at is None or ends_at <= case.situation.now:
        return None
    return ends_at, f"the participant pauses until {case.situation.paused_until}"


def _not_snoozed(case: Case) -> Found:
    until = case.occasion.snoozed_until
    if until is None or until <= case.situation.now:
        return None
    later = told(until, case.situation.zone)
    return until, f"the participant asked not to be written to before {later}"


def _window_open(case: Case) -> Found:
    if case.occasion.state != OccasionState.PLANNED:
        return None
    at = case.occasion.opens_at
    if at is None:
        return None, "the date of the occasion is not known yet"
    if at <= case.situation.now:
        return at, "the occasion has yet to open, or waits for the wave's condition to be decided"
    return at, f"the window opens on {told(at, case.situation.zone)}"


def _its_turn(case: Case) -> Found:
    earlier = case.message.waits_for
    return (None, f"{earlier} has to be out for a while first") if earlier else None


def _due(case: Case) -> Found:
    at = case.message.due_at
    if at <= case.situation.now:
        return None
    return at, f"its moment comes on {told(at, case.situation.zone)}"


def _rested(case: Case) -> Found:
    until, attempts = case.message.rests_until, case.message.attempts
    if until is None or _is_capped(case):
        return None
    again = f"goes on from {told(until, case.situation.zone)}"
    if case.message.has_slot:
        return until, f"mails to this domain are sent a few at a time, and this one {again}"
    if attempts:
        return until, f"{_last_try(attempts[-1])}, and it {again}"
    return until, f"it was put off and {again}"


def _below_cap(case: Case) -> Found:
    if not _is_capped(case):
        return None
    n = case.situation.n_mails_of_day
    return case.message.rests_until, f"this person got {n} mails within 24 hours"


def _is_capped(case: Case) -> bool:
    return case.situation.n_mails_of_day >= case.situation.cap


def _not_on_hold(case: Case) -> Found:
    since = case.situation.held_since
    if since is None:
        return None
    reason = f": {case.situation.held_for.rstrip('.')}" if case.situation.held_for else ""
    return since, f"sending is on hold since {told(since, case.situation.zone)}{reason}"


def _server_answers(case: Case) -> Found:
    since, again = case.situation.silent_since, case.situation.next_try_at
    if since is None or again is None:
        return None
    zone = case.situation.zone
    return since, (
        f"the mail server has not answered since {told(since, zone)};"
        f" it is tried again on {told(again, zone)}"
    )


def _address_works(case: Case) -> Found:
    since = case.situation.suppressed_since
    if since is None:
        return None
    return since, f"{SUPPRESSED[case.situation.suppressed_by]}{_on(since, case)}"


SUPPRESSED: Mapping[str, str] = {
    "bounce": "mail to this address came back",
    "complaint": "the owner of this address called a mail unwanted",
    "staff": "staff stopped mails to this address",
}
_WORDS: Mapping[str, str] = {
    OccasionState.CANCELLED: "cancelled",
    OccasionState.EXCLUDED: "not asked",
}
_FINDERS: Mapping[Guard, Callable[[Case], Found]] = {
    Guard.TAKES_PART: _takes_part,
    Guard.NOT_COMPLETED: _not_completed,
    Guard.IN_THE_PLAN: _in_the_plan,
    Guard.CONDITION_MET: _condition_met,
    Guard.WANTS_MAIL: _wants_mail,
    Guard.WINDOW_NOT_OVER: _window_not_over,
    Guard.NOT_BEGUN: _not_begun,
    Guard.STUDY_RUNS: _study_runs,
    Guard.NOT_AWAY: _not_away,
    Guard.NOT_SNOOZED: _not_snoozed,
    Guard.WINDOW_OPEN: _window_open,
    Guard.ITS_TURN: _its_turn,
    Guard.DUE: _due,
    Guard.RESTED: _rested,
    Guard.BELOW_CAP: _below_cap,
    Guard.NOT_ON_HOLD: _not_on_hold,
    Guard.SERVER_ANSWERS: _server_answers,
    Guard.ADDRESS_WORKS: _address_works,
}


def _last_try(attempt: AttemptFacts) -> str:
    """How an attempt went, as a part of a sentence."""
    said = f": “{attempt.reply}”" if attempt.reply else ""
    return f"attempt {attempt.n} did not get through{said}"


def _on(at: datetime | None, case: Case) -> str:
    return f" since {told(at, case.situation.zone)}" if at else ""
