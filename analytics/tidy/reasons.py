"""Why a planned cell has no value: one closed list, and the rules as one table. Pure.

The rules read stored state only, never a clock, so that the same rows give the same reasons. The
table is also a test and a page of the docs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Flags: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int8]

NONE = -1  # no reason: there is a value, or nothing was planned


class Reason(StrEnum):
    """The closed list, as exports spell it."""

    NOT_DUE = "not_due"
    NOT_INVITED = "not_invited"
    UNDELIVERABLE = "undeliverable"
    NOT_OPENED = "not_opened"
    OPENED_NOT_STARTED = "opened_not_started"
    EXPIRED = "expired"
    PAUSED = "paused"
    CONSENT_PENDING = "consent_pending"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    NOT_IN_ARM = "not_in_arm"
    NOT_IN_VERSION = "not_in_version"
    BRANCHED_OUT = "branched_out"
    NO_TARGET = "no_target"
    PLANNED_MISSING = "planned_missing"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"
    NOT_SCORABLE = "not_scorable"
    INPUT_MISSING = "input_missing"
    NOT_COMPUTABLE = "not_computable"

    @property
    def code(self) -> int:
        """The reason's place in the list, as arrays hold it."""
        return WORDS.index(self.value)

    @property
    def meaning(self) -> str:
        """The reason in a sentence."""
        return MEANINGS[self]


WORDS: tuple[str, ...] = tuple(reason.value for reason in Reason)

MEANINGS: dict[Reason, str] = {
    Reason.NOT_DUE: "The occasion has not opened yet, or its date is not known yet.",
    Reason.NOT_INVITED: "The window opened, but no invitation has been sent.",
    Reason.UNDELIVERABLE: "No message arrived for certain: each one failed or was cut off.",
    Reason.NOT_OPENED: "A message was sent; the person did not press Start behind its link.",
    Reason.OPENED_NOT_STARTED: "The person pressed Start and saved no page.",
    Reason.EXPIRED: "The window closed before the platform could send an invitation.",
    Reason.PAUSED: "The occasion fell into a pause.",
    Reason.CONSENT_PENDING: "The window closed before the person agreed to a new consent text.",
    Reason.WITHDRAWN: "The person had withdrawn before answering.",
    Reason.ERASED: "An answer was given and has been erased at the person's request.",
    Reason.NOT_IN_ARM: "The wave is not for the person's arm.",
    Reason.NOT_IN_VERSION: "The protocol or instrument version that applied does not have it.",
    Reason.BRANCHED_OUT: "The condition under which it is asked was not met.",
    Reason.NO_TARGET: "The person has nobody whom the item is about, and said so.",
    Reason.PLANNED_MISSING: "By design a part of the people, drawn by lot, is not asked.",
    Reason.SKIPPED: "The question was shown and left blank.",
    Reason.NOT_REACHED: "The person answered other pages of the occasion and not this one.",
    Reason.NOT_SCORABLE: "Fewer items were answered than the scale's rule asks for.",
    Reason.INPUT_MISSING: "A calculated value lacks an answer or a score that it is made from.",
    Reason.NOT_COMPUTABLE: "The formula of a calculated value has no result for these answers.",
}


@dataclass(frozen=True)
class Facts:
    """What is stored about n occasions; every field is an array of length n."""

    state: NDArray[np.str_]
    cause: NDArray[np.str_]  # "" unless cancelled, excluded, or expired for want of consent
    is_saved: Flags  # a page was saved
    is_opened: Flags  # Start was pressed
    n_messages: NDArray[np.int64]
    n_sent: NDArray[np.int64]
    n_undeliverable: NDArray[np.int64]  # failed, cut off, came back, or for a dead address
    n_missed: NDArray[np.int64]
    is_erased: Flags  # the person asked for erasure


@dataclass(frozen=True)
class Rule:
    """`reason` holds where `test` is true and no earlier rule was; None takes the stored cause."""

    reason: Reason | None
    when: str
    test: Callable[[Facts], Flags]


def _is(state: str) -> Callable[[Facts], Flags]:
    return lambda facts: facts.state == state


RULES: tuple[Rule, ...] = (
    Rule(
        Reason.ERASED,
        "a page was saved, and the person has had their data erased",
        lambda f: f.is_erased & f.is_saved,
    ),
    Rule(Reason.NOT_DUE, "the occasion is planned", _is("planned")),
    Rule(
        None,
        "the occasion was excluded by design: `not_in_arm`, `planned_missing`, `branched_out`",
        _is("excluded"),
    ),
    Rule(
        None,
        "the occasion was cancelled: `withdrawn`, `paused`, `not_in_version`",
        _is("cancelled"),
    ),
    Rule(
        Reason.CONSENT_PENDING,
        "the occasion expired while the person had to agree to a new consent text",
        lambda f: (f.state == "expired") & (f.cause == Reason.CONSENT_PENDING),
    ),
    Rule(Reason.NOT_REACHED, "a page was saved, not this one", lambda f: f.is_saved),
    Rule(Reason.OPENED_NOT_STARTED, "Start was pressed", lambda f: f.is_opened),
    Rule(Reason.NOT_OPENED, "a message was sent", lambda f: f.n_sent > 0),
    Rule(
        Reason.UNDELIVERABLE,
        "a message failed, was cut off, came back or was for a dead address, none was sent",
        lambda f: f.n_undeliverable > 0,
    ),
    Rule(
        Reason.EXPIRED,
        "the window is over, and messages were found too late or there were none",
        lambda f: (f.state == "expired") & ((f.n_missed > 0) | (f.n_messages == 0)),
    ),
    Rule(Reason.NOT_INVITED, "nothing was sent", lambda f: np.ones(len(f.state), dtype=np.bool_)),
)

ITEM_RULES: tuple[tuple[Reason, str], ...] = (
    (Reason.SKIPPED, "the question was shown and left blank"),
    (
        Reason.PLANNED_MISSING,
        "the person's form leaves out the item or its instrument, or too many items of a score, and "
        "the occasion was not excluded as a whole",
    ),
    (
        Reason.BRANCHED_OUT,
        "the instrument's conditions did not ask the item, or too many items of a score",
    ),
    (
        Reason.NO_TARGET,
        "the item's target was answered with an option that is `not_applicable`, or too many items "
        "of a score have no target",
    ),
    (Reason.INPUT_MISSING, "a calculated value of a saved instrument lacks an input"),
    (Reason.NOT_COMPUTABLE, "its formula cannot be evaluated, such as a division by zero"),
    (Reason.NOT_SCORABLE, "a score: at least one of its items was shown, too few were answered"),
)


def of_occasions(facts: Facts) -> Codes:
    """For each occasion the reason of its cells that hold no answer."""
    reasons = np.full(len(facts.state), NONE, dtype=np.int8)
    open_ = np.ones(len(facts.state), dtype=np.bool_)
    for rule in RULES:
        hit = open_ & rule.test(facts)
        if rule.reason is None:
            reasons[hit] = [Reason(cause).code for cause in facts.cause[hit]]
        else:
            reasons[hit] = rule.reason.code
        open_ &= ~hit
    return reasons
