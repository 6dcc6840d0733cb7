"""What happened to one message, step by step. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from surveys.messaging.explanation.facts import AttemptFacts, Case
from surveys.messaging.reasons import IN_WORDS
from surveys.scheduling.moments import told
from surveys.scheduling.states import MessageKind, MessageState

STUDY, REAL = "study", "real"

# Why a message is not due when its rule alone would have it, by the guard of its occasion.
MOVED_BY: Mapping[str, str] = {
    "quiet_hours": "quiet hours",
    "apart": "another wave's message at the same moment",
    "opened_late": "its moment had passed when it was planned",
    "day_cap": "the study allows no more messages within 24 hours",
    "paused": "the participant pauses",
    "snoozed": "the participant asked for later",
}
OUTCOMES: Mapping[str, str] = {
    "pending": "has not ended",
    "sent": "got through",
    "temporary": "did not get through and is repeated",
    "permanent": "was refused for good",
    "unknown": "broke off; the mail may have arrived",
}
RESULTS: Mapping[str, str] = {
    MessageState.DUE: "It waits.",
    MessageState.SENDING: "A worker is handing it over.",
    MessageState.SENT: "Sent.",
    MessageState.UNKNOWN: "Nobody knows whether it arrived.",
    MessageState.FAILED: "Given up",
    MessageState.CANCELLED: "Cancelled",
    MessageState.MISSED: "Missed",
    MessageState.BOUNCED: "Returned",
}


class Step(NamedTuple):
    """One thing that happened; `clock` is "study" or "real", which differ in a demo only."""

    what: str
    at: datetime | None
    clock: str
    says: str


def steps(case: Case) -> Iterator[Step]:
    """From the plan to the present state, in order."""
    message, zone = case.message, case.situation.zone
    planned = f"Planned for {told(message.planned_at, zone)}{_rule(case)}."
    yield Step("planned", message.planned_at, STUDY, planned)
    if message.due_at != message.planned_at:
        moved = f"Moved to {told(message.due_at, zone)}: {_reason_of_move(case)}."
        yield Step("moved", message.due_at, STUDY, moved)
    for attempt in message.attempts:
        yield Step("claimed", attempt.began_at, REAL, f"A worker took it for attempt {attempt.n}.")
        yield Step("attempt", attempt.ended_at, REAL, _attempt(attempt))
    yield _result(case)


def _rule(case: Case) -> str:
    local = case.occasion.local
    if "rule" not in local:
        return ""
    after = "" if case.message.kind == MessageKind.INVITATION else ", and the reminder's own delay"
    return f" by the rule {local['rule']}{after}"


def _reason_of_move(case: Case) -> str:
    message = case.message
    found = [MOVED_BY[name] for name in case.occasion.local.get("guards", ()) if name in MOVED_BY]
    if found and message.due_at > message.planned_at:
        return " and ".join(found)
    return "quiet hours or a pause at its moment, or a change of the plan"


def _attempt(attempt: AttemptFacts) -> str:
    said = f" The server's words: “{attempt.reply}”." if attempt.reply else ""
    return f"Attempt {attempt.n} {OUTCOMES[attempt.outcome]}.{said}"


def _result(case: Case) -> Step:
    message = case.message
    at = {
        MessageState.SENT: message.sent_at,
        MessageState.BOUNCED: message.returned_at,
    }.get(MessageState(message.state))
    says = RESULTS[message.state]
    if message.state == MessageState.BOUNCED:
        says += f": {message.returned}." if message.returned else "."
    elif not says.endswith("."):
        reason = IN_WORDS.get(message.why_not, "why is not noted")
        says += f": {reason}."
    return Step(message.state, at, STUDY, says)
