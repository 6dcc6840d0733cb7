"""What planning has to know of somebody. `facts` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from surveys.design.conditions import Fact, Value


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """All that a plan depends on besides the protocol.

    `completed` is the moment at which a wave was completed, `ended` whether it was (None while
    that is open). `anchor_zones` names the zone in which an anchor's day was read when its first
    occasion opened: who moves house keeps the day from which waves are counted. `results` holds
    the answers and scores that conditions ask for, of waves that were completed.
    """

    code: str
    seed: str
    zone: str
    arm: str
    enrolled_at: datetime
    anchors: Mapping[str, date] = field(default_factory=dict)
    completed: Mapping[str, datetime] = field(default_factory=dict)
    ended: Mapping[str, bool | None] = field(default_factory=dict)
    anchor_zones: Mapping[str, str] = field(default_factory=dict)
    time_of_day: time | None = None  # when they like to be asked
    paused_until: date | None = None  # the first day, in their zone, after a pause
    most_reminders: int | None = None  # of one occasion that they want; None means all
    withdrawn: bool = False
    form: str = ""
    results: Mapping[Fact, Value] = field(default_factory=dict)
