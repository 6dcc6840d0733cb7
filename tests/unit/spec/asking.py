"""What the time cases ask of the platform's own functions, each answered in one line of text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from surveys.design import zones
from surveys.design.schedule import instant, local, moments, quiet, window
from surveys.design.timing import Schedule, Window

BERLIN = "Europe/Berlin"


def at_wall(text: str, zone: str) -> datetime:
    """The instant of a wall time, as an opening takes it."""
    wall = datetime.fromisoformat(text)
    return instant(wall.date(), wall.time(), zone)


def read(moment: datetime, zone: str) -> str:
    """An instant as the clock on the wall shows it, with its offset, and in UTC."""
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%d %H:%M %z} = {moment.astimezone(UTC):%m-%d %H:%M}Z"


@dataclass(frozen=True)
class Opens:
    """When something planned for a wall time opens."""

    wall: str
    zone: str = BERLIN

    def __str__(self) -> str:
        return f"opens {self.wall} in {self.zone}"

    def answer(self) -> str:
        return read(at_wall(self.wall, self.zone), self.zone)


@dataclass(frozen=True)
class Closes:
    """When a window closes that opened at a wall time."""

    opened: str
    start_within: str
    zone: str = BERLIN

    def __str__(self) -> str:
        return f"opened {self.opened} in {self.zone}, open for {self.start_within}"

    def answer(self) -> str:
        rule = Window.model_validate({"start_within": self.start_within})
        return read(window(at_wall(self.opened, self.zone), rule, self.zone), self.zone)


@dataclass(frozen=True)
class Days:
    """The local days on which a schedule opens, counted from an anchor."""

    anchor: str
    rule: Mapping[str, Any] = field(default_factory=dict)
    zone: str = BERLIN

    def __str__(self) -> str:
        rule = ", ".join(f"{name} {value}" for name, value in self.rule.items())
        return f"anchor {self.anchor} in {self.zone}, {rule}"

    def answer(self) -> str:
        return ", ".join(f"{local(found, self.zone)[0]}" for found in self.instants())

    def instants(self) -> list[datetime]:
        schedule = Schedule.model_validate(
            {"anchor": "enrollment", "at": "09:00"} | dict(self.rule)
        )
        anchor = date.fromisoformat(self.anchor)
        return [m.instant for m in moments(schedule, anchor=anchor, zone=self.zone, seed="") or ()]


@dataclass(frozen=True)
class Apart(Days):
    """How many hours lie between the openings of a schedule."""

    def answer(self) -> str:
        gaps = [after - before for before, after in pairwise(self.instants())]
        return ", ".join(f"{gap.total_seconds() / 3600:g} h" for gap in gaps)


@dataclass(frozen=True)
class Waits:
    """Until when a message waits that falls into quiet hours."""

    wall: str
    hours: tuple[str, str] = ("22:00", "08:00")
    zone: str = BERLIN

    def __str__(self) -> str:
        return f"due {self.wall} in {self.zone}, quiet from {self.hours[0]} to {self.hours[1]}"

    def answer(self) -> str:
        return read(quiet(at_wall(self.wall, self.zone), self.hours, self.zone), self.zone)


@dataclass(frozen=True)
class InZone:
    """Whether somebody can live in a zone."""

    name: str

    def __str__(self) -> str:
        return f"zone '{self.name}'"

    def answer(self) -> str:
        try:
            return f"is {zones.checked(self.name)}"
        except ValueError as error:
            return f"refused: {str(error).partition(chr(59))[0]}"


@dataclass(frozen=True)
class OnDate:
    """Whether a study can plan for a date, as its file writes it."""

    text: str

    def __str__(self) -> str:
        return f"a wave on '{self.text}'"

    def answer(self) -> str:
        try:
            return f"is {Schedule.model_validate({'date': self.text}).date}"
        except ValueError:
            return "refused"


@dataclass(frozen=True)
class AtInstant:
    """Whether the platform computes with a moment, as a wall time."""

    wall: str
    zone: str

    def __str__(self) -> str:
        return f"opens {self.wall} in {self.zone}"

    def answer(self) -> str:
        try:
            return read(at_wall(self.wall, self.zone), self.zone)
        except ValueError as error:
            return f"refused: {str(error).partition(chr(59))[0]}"
