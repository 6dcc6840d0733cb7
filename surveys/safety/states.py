"""The life of an alert as data; the docs' diagram is drawn from it."""

from __future__ import annotations

from enum import StrEnum

from surveys.lib.states import LifeCycle


class AlertState(StrEnum):
    """Where one alert stands."""

    OPEN = "open"  # raised, and nobody has said that they look after it
    ESCALATED = "escalated"  # the same, and the time to do so is over
    ACKNOWLEDGED = "acknowledged"  # somebody looks after it
    CLOSED = "closed"  # looked after, with a note of how


WAITING = (AlertState.OPEN, AlertState.ESCALATED)  # for somebody to take it
UNDONE = (*WAITING, AlertState.ACKNOWLEDGED)

ALERT = LifeCycle(
    "alert",
    {
        ("open", "escalated"): "nobody acknowledged it in time",
        ("open", "acknowledged"): "a staff member looks after it",
        ("escalated", "acknowledged"): "a staff member looks after it",
        ("acknowledged", "closed"): "done, with a note of how",
    },
)


class Step(StrEnum):
    """What can happen to an alert, as its page lists it."""

    RAISED = "raised"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"
    CLOSED = "closed"
