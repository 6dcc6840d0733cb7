"""The answers themselves: one message, one occasion. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from surveys.messaging.explanation.facts import Case, MessageFacts, OccasionFacts, Situation
from surveys.messaging.explanation.guards import Check, checks
from surveys.messaging.explanation.timeline import Step, steps
from surveys.messaging.reasons import IN_WORDS
from surveys.scheduling.explanation import REASONS, explain, missing, planning_guards
from surveys.scheduling.moments import told
from surveys.scheduling.planner import BEFORE_ENROLMENT
from surveys.scheduling.states import Cause, MessageKind, MessageState

OUT = (MessageState.SENT, MessageState.BOUNCED, MessageState.UNKNOWN)


@dataclass(frozen=True)
class MessageExplained:
    """Why a message was sent, was not, or waits: `answer` in a sentence, the rest as data."""

    id: UUID
    as_of: datetime
    zone: str
    kind: str
    nth: int
    state: str
    why_not: str
    answer: str
    guards: tuple[Check, ...]
    timeline: tuple[Step, ...]


@dataclass(frozen=True)
class OccasionExplained:
    """Why an occasion is where it is, what was sent for it, and why nothing was."""

    as_of: datetime
    zone: str
    state: str
    cause: str
    rule: str
    facts: Mapping[str, Any]
    moment: tuple[str, ...]
    answer: tuple[str, ...]
    guards: Mapping[str, str]
    messages: tuple[MessageExplained, ...]


def explain_message(
    situation: Situation, occasion: OccasionFacts, message: MessageFacts
) -> MessageExplained:
    """Why was this sent, or why not?"""
    case = Case(situation, occasion, message)
    found = checks(case)
    return MessageExplained(
        id=message.id,
        as_of=situation.now,
        zone=situation.zone,
        kind=message.kind,
        nth=message.nth,
        state=message.state,
        why_not=message.why_not,
        answer=ANSWERS[MessageState(message.state)](case, found),
        guards=found,
        timeline=tuple(steps(case)),
    )


def explain_occasion(
    situation: Situation, occasion: OccasionFacts, messages: Sequence[MessageFacts]
) -> OccasionExplained:
    """Why then, and what was sent for it or why nothing was."""
    told_of = tuple(explain_message(situation, occasion, message) for message in messages)
    local = occasion.local
    return OccasionExplained(
        as_of=situation.now,
        zone=situation.zone,
        state=occasion.state,
        cause=occasion.cause,
        rule=local.get("rule", ""),
        facts={key: value for key, value in local.items() if key not in {"rule", "guards"}},
        moment=tuple(_moment(situation, occasion)),
        answer=tuple(_answers(occasion, told_of)),
        guards=planning_guards(local),
        messages=told_of,
    )


def _moment(situation: Situation, occasion: OccasionFacts) -> list[str]:
    return explain(
        state=occasion.state,
        cause=occasion.cause,
        opens_at=occasion.opens_at,
        closes_at=occasion.closes_at,
        local=occasion.local,
        zone=situation.zone,
    )


def _answers(occasion: OccasionFacts, messages: Sequence[MessageExplained]) -> list[str]:
    if not messages:
        return [_nothing_planned(occasion)]
    first = [] if any(m.state in OUT for m in messages) else ["Nothing was sent so far."]
    return first + [message.answer for message in messages]


def _nothing_planned(occasion: OccasionFacts) -> str:
    """Why there is no message at all."""
    if occasion.is_self_started:
        why = "the participant starts this questionnaire"
    elif BEFORE_ENROLMENT in occasion.local.get("guards", ()):
        why = "the window had closed before the participant enrolled"
    elif occasion.cause:
        why = REASONS[Cause(occasion.cause)]
    elif occasion.opens_at is None:
        anchor = occasion.local.get("waits_for", "")
        why = f"its date is not known yet: {missing(anchor)}" if anchor else "it has no date yet"
    else:
        why = "the plan holds none for it"
    return f"No invitation was planned because {why}."


Answer = Callable[[Case, Sequence[Check]], str]


def _due(case: Case, found: Sequence[Check]) -> str:
    failed = [check for check in found if not check.passed]
    if not failed:
        return f"{case.message.name} is due and goes out with the next delivery."
    return f"{case.message.name} waits because {failed[0].says}."


def _sending(case: Case, _found: Sequence[Check]) -> str:
    since = case.message.attempts[-1].began_at if case.message.attempts else None
    at = f" since {told(since, case.situation.zone)}" if since else ""
    return f"{case.message.name} is being handed over by a worker{at}."


def _sent(case: Case, _found: Sequence[Check]) -> str:
    return f"{case.message.name} was sent{_sent_on(case)}: the mail server accepted it."


def _unknown(case: Case, _found: Sequence[Check]) -> str:
    if case.message.why_not in IN_WORDS:
        doubt = f"{case.message.name} may have been sent: {IN_WORDS[case.message.why_not]}."
    else:
        doubt = (
            f"The connection broke while {_lower(case)} was handed over; it may have arrived, so it"
            " is not sent again by itself."
        )
    if case.occasion.link_opened_at is None:
        return doubt
    opened = told(case.occasion.link_opened_at, case.situation.zone)
    return f"{doubt} The link was opened {opened}, maybe from another mail."


def _failed(case: Case, _found: Sequence[Check]) -> str:
    attempts = case.message.attempts
    said = attempts[-1].reply if attempts else ""
    words = f"; the last answer was “{said}”" if said else ""
    return f"{case.message.name} was not sent: {_reason(case)}{words}."


def _not_sent(case: Case, found: Sequence[Check]) -> str:
    at = found[-1].at if found and not found[-1].passed else None
    when = f", on {told(at, case.situation.zone)}" if at else ""
    return f"{case.message.name} was not sent: {_reason(case)}{when}."


def _bounced(case: Case, _found: Sequence[Check]) -> str:
    returned = f" (“{case.message.returned}”)" if case.message.returned else ""
    return f"{case.message.name} was sent{_sent_on(case)} and came back{returned}."


ANSWERS: Mapping[MessageState, Answer] = {
    MessageState.DUE: _due,
    MessageState.SENDING: _sending,
    MessageState.SENT: _sent,
    MessageState.UNKNOWN: _unknown,
    MessageState.FAILED: _failed,
    MessageState.CANCELLED: _not_sent,
    MessageState.MISSED: _not_sent,
    MessageState.BOUNCED: _bounced,
}


def _reason(case: Case) -> str:
    return IN_WORDS.get(case.message.why_not, "why is not noted")


def _sent_on(case: Case) -> str:
    at = case.message.sent_at
    return f" on {told(at, case.situation.zone)}" if at else ""


def _lower(case: Case) -> str:
    return "the invitation" if case.message.kind == MessageKind.INVITATION else case.message.name
