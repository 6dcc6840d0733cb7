"""The life cycles of occasions and messages, as tables; the docs draw their diagrams from here."""

from __future__ import annotations

from enum import StrEnum

from surveys.lib.states import LifeCycle


class OccasionState(StrEnum):
    """Where one planned measurement stands."""

    PLANNED = "planned"  # in the future, or waiting for a date
    OPEN = "open"  # the window runs, nothing saved yet
    STARTED = "started"  # the first page is saved
    COMPLETED = "completed"  # every instrument is final
    EXPIRED = "expired"  # the window closed first
    CANCELLED = "cancelled"  # taken out of the plan: withdrawn, paused, not in the version
    EXCLUDED = "excluded"  # never asked by design: other arm, planned missing, condition unmet


class Cause(StrEnum):
    """Why an occasion was cancelled or excluded; the same words as the dataset's reasons."""

    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    NOT_IN_VERSION = "not_in_version"
    NOT_IN_ARM = "not_in_arm"
    PLANNED_MISSING = "planned_missing"
    BRANCHED_OUT = "branched_out"


class MessageKind(StrEnum):
    """What a message asks."""

    INVITATION = "invitation"
    REMINDER = "reminder"


class MessageState(StrEnum):
    """Where one planned message stands."""

    DUE = "due"  # planned; may be claimed once `due_at` has come
    SENDING = "sending"  # claimed by one worker until the lease ends
    SENT = "sent"  # the mail server took it
    UNKNOWN = "unknown"  # the connection broke after the body; it may have arrived
    FAILED = "failed"  # refused for good
    CANCELLED = "cancelled"  # no longer wanted; `why_not` says why
    MISSED = "missed"  # found too late: the window had closed


class WhyNot(StrEnum):
    """Why a planned message was not sent, as far as the plan decides it."""

    WINDOW_CLOSED = "window_closed"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    CONDITION = "condition"  # the wave's condition turned out unmet
    REPLANNED = "replanned"  # the plan no longer wants it


OCCASION = LifeCycle(
    "occasion",
    {
        ("planned", "open"): "the window opens",
        ("planned", "expired"): "found after the window closed",
        ("planned", "cancelled"): "withdrawn, paused or amended",
        ("planned", "excluded"): "the condition turned out unmet",
        ("excluded", "planned"): "amended",
        ("cancelled", "planned"): "amended back, or the pause ends",
        ("open", "started"): "the first page is saved",
        ("open", "expired"): "the window closes",
        ("open", "cancelled"): "withdrawn, paused or amended",
        ("started", "completed"): "every instrument is final",
        ("started", "expired"): "the window closes",
        ("started", "cancelled"): "withdrawn",
    },
)

MESSAGE = LifeCycle(
    "message",
    {
        ("due", "sending"): "claimed with a lease",
        ("due", "cancelled"): "a guard says no, or replanned away",
        ("due", "missed"): "found after the window closed",
        ("cancelled", "due"): "replanned back",
        ("sending", "due"): "certainly not sent; try again later",
        ("sending", "sent"): "the server accepted it",
        ("sending", "failed"): "the server refused it for good",
        ("sending", "unknown"): "cut off after the body",
        ("unknown", "sent"): "later evidence",
    },
)
