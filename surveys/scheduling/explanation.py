"""Why an occasion is where it is, in sentences. Pure; the console shows them."""

from __future__ import annotations

import re
from datetime import datetime

from surveys.scheduling.moments import told
from surveys.scheduling.planned import Intent
from surveys.scheduling.planner import BEFORE_ENROLMENT, ENROLLMENT
from surveys.scheduling.postponing import PAUSED, PAUSED_THROUGH, SNOOZED
from surveys.scheduling.states import Cause, OccasionState

GUARDS = {
    "clock_change": "The clocks change then and skip that time, so it opens after the gap.",
    "quiet_hours": "The invitation waits until the quiet hours are over.",
    "quiet_hours_too_long": (
        "The window closes before the quiet hours end, so the invitation goes out during them."
    ),
    "apart": "Another wave writes at the same moment, so this one's message goes out later.",
    "day_cap": (
        "The study allows no more messages to the participant within 24 hours, so a message of "
        "this occasion goes out later."
    ),
    "opened_late": "Its moment had passed when it was planned, so it opened at once.",
    BEFORE_ENROLMENT: "It is not asked because it had closed before the participant enrolled.",
    PAUSED: "The participant pauses until {paused_until}, so what was due before waits until then.",
    PAUSED_THROUGH: (
        "The participant pauses until {paused_until} and its window closes before, so it does not "
        "open."
    ),
    SNOOZED: "The participant asked not to be written to before {snoozed_until}.",
}
INVITATION_GONE = "invitation_1_put_off"
REMINDER_GUARDS = {
    "after_close": "Reminder {n} would come after the close and is not planned.",
    "put_off": "Reminder {n} would come too late after that and is not sent.",
    "not_later": "Reminder {n} would come together with the message before it and is not planned.",
}
REASONS = {
    Cause.WITHDRAWN: "the participant withdrew",
    Cause.PAUSED: "the study or the participant paused until it had closed",
    Cause.NOT_IN_VERSION: "the participant's protocol no longer has it",
    Cause.NOT_IN_ARM: "the wave belongs to other arms",
    Cause.PLANNED_MISSING: "the draw left this participant out by design",
    Cause.BRANCHED_OUT: "the wave's condition is not met",
    Cause.CONSENT_PENDING: "the participant had not agreed to the new consent text",
}
CANCELLING = (Cause.WITHDRAWN, Cause.PAUSED, Cause.NOT_IN_VERSION)
FATES = dict.fromkeys(CANCELLING, "was cancelled") | {Cause.CONSENT_PENDING: "took no answers"}
CAUSES = {
    cause: f"It {FATES.get(cause, 'is not asked')} because {reason}."
    for cause, reason in REASONS.items()
}


def explain(
    *,
    state: str,
    cause: str,
    opens_at: datetime | None,
    closes_at: datetime | None,
    local: Intent,
    zone: str,
) -> list[str]:
    """The rule, the facts, the zone and the guards behind one occasion.

    `local` is the occasion's intent and `zone` the zone in which the person lives now.
    """
    guards = local.get("guards", ())
    # Reasons are a closed list; here a guard tells more precisely why the wave branched out.
    sentences = [CAUSES[Cause(cause)]] if cause and BEFORE_ENROLMENT not in guards else []
    if "only_if" in local:
        sentences.append(f"The wave is asked only if {local['only_if']}.")
        sentences += _verdict(state)
    if "form" in local:
        left_out = cause == Cause.PLANNED_MISSING and "share" not in local
        which = ", which leaves out this wave" if left_out else ""
        sentences.append(f"The participant has form {local['form']}{which}.")
    if "share" in local:
        sentences.append(f"The wave asks {local['share']:.0%} of the participants, drawn by lot.")
    if "waits_for" in local:
        sentences.append(f"Its date is not known yet: {missing(local['waits_for'])}.")
    if "day" in local:
        sentences += _dated(local, zone)
    if opens_at and closes_at:
        verb = "opens" if state == OccasionState.PLANNED else "opened"
        sentences.append(
            f"It {verb} on {told(opens_at, zone)} and closes on {told(closes_at, zone)}."
        )
    return sentences + [_guard(name, local) for name in guards]


def _verdict(state: str) -> list[str]:
    """Whether the condition held, not the answers by which it was decided."""
    if state in {OccasionState.OPEN, OccasionState.STARTED, OccasionState.COMPLETED}:
        return ["That held when it opened."]
    if state == OccasionState.PLANNED:
        return ["That is decided when it opens, by the waves that are over then."]
    return []


def planning_guards(local: Intent) -> dict[str, str]:
    """What moved or stopped an occasion when it was planned, each with its sentence."""
    return {name: _guard(name, local) for name in local.get("guards", ())}


def missing(anchor: str) -> str:
    """Why a date is not known, as a part of a sentence."""
    return f"{_event(anchor)} is missing"


def _dated(local: Intent, zone: str) -> list[str]:
    when = f"{local['day']} at {local['at']} in {local['zone']}"
    if "event" in local:
        return [f"The participant started it on {when}."]
    sentences = [f"The rule is {local['rule']}; that is {when}."]
    if "own_time" in local:
        sentences.append("The time of day is the participant's own, not the rule's.")
    if "anchor_day" in local:
        counted = f"It counts from {_event(local['anchor'])} on {local['anchor_day']}"
        where = f", as read in {local['anchor_zone']}" if "anchor_zone" in local else ""
        sentences.append(f"{counted}{where}.")
    if zone != local["zone"]:
        sentences.append(f"The participant lives in {zone} now; this moment was fixed before.")
    return sentences


def _event(anchor: str) -> str:
    if anchor == ENROLLMENT:
        return "the enrolment"
    before, dot, _ = anchor.partition(".")
    return f"the completion of {before}" if dot else f"the date '{anchor}'"


def _guard(name: str, local: Intent) -> str:
    if match := re.fullmatch(r"reminder_(\d+)_(\w+)", name):
        return REMINDER_GUARDS[match[2]].format(n=match[1])
    if name == INVITATION_GONE:
        return "The invitation would come too late after that and is not sent."
    words = {"paused_until": local.get("paused_until")}
    if "snoozed_until" in local:
        words["snoozed_until"] = told(
            datetime.fromisoformat(local["snoozed_until"]), local.get("zone", "UTC")
        )
    return GUARDS[name].format(**words)
