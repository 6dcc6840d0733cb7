"""The one door to plans: every write to occasions and messages but delivery. The index.

`pipeline` and `responding` call these; each lives in the module for its part of the life cycle.
"""

from __future__ import annotations

from surveys.scheduling.amending import Adopted, adopt_due, adopt_if_few, ask_again
from surveys.scheduling.answering import (
    ConsentPending,
    NotAnswerable,
    OccasionClosed,
    OccasionNotOpen,
    cancel_remaining,
    check_answerable,
    open_link,
    record_saved,
)
from surveys.scheduling.asking import (
    CannotSnooze,
    CannotStart,
    NoSuchWave,
    NotEnrolled,
    StartedTooOften,
    StartedTooSoon,
    StudyPaused,
    snooze,
    start_wave,
    startable,
)
from surveys.scheduling.counting import PlanCounts
from surveys.scheduling.found import hold
from surveys.scheduling.reconciling import Reconciled, reconcile_due, reconcile_now
from surveys.scheduling.replanning import replan
from surveys.scheduling.silencing import renew_links, send_after_all, silence, unsilence
from surveys.scheduling.sweeping import Closed, close_due, open_due

__all__ = [
    "Adopted",
    "CannotSnooze",
    "CannotStart",
    "Closed",
    "ConsentPending",
    "NoSuchWave",
    "NotAnswerable",
    "NotEnrolled",
    "OccasionClosed",
    "OccasionNotOpen",
    "PlanCounts",
    "Reconciled",
    "StartedTooOften",
    "StartedTooSoon",
    "StudyPaused",
    "adopt_due",
    "adopt_if_few",
    "ask_again",
    "cancel_remaining",
    "check_answerable",
    "close_due",
    "hold",
    "open_due",
    "open_link",
    "reconcile_due",
    "reconcile_now",
    "record_saved",
    "renew_links",
    "replan",
    "send_after_all",
    "silence",
    "snooze",
    "start_wave",
    "startable",
    "unsilence",
]
