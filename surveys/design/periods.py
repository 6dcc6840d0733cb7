"""Durations as study files write them (ISO 8601), calendar and elapsed kept apart. Pure.

`P3M` and `P7D` are calendar steps on the wall clock of the participant; `PT90M` is elapsed time.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = (
    r"^P(?!$)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?!$)(?:([0-9]+)H)?(?:([0-9]+)M)?)?$"
)
LONGEST_TEXT = 40


@dataclass(frozen=True)
class Period:
    """`months` and `days` are steps in the calendar, `minutes` is elapsed time."""

    months: int = 0
    days: int = 0
    minutes: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read an ISO 8601 duration; raises ValueError with an example."""
        match = re.fullmatch(PATTERN, text) if len(text) <= LONGEST_TEXT else None
        if match is None or text.endswith("\n"):
            raise ValueError(f"'{text}' is no duration such as P3M, P14D, PT90M or P1DT12H")
        years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
        period = cls(12 * years + months, 7 * weeks + days, 60 * hours + minutes)
        if period.months > 1200 or period.days > 36_525 or period.minutes > 52_596_000:
            raise ValueError(f"'{text}' is longer than a hundred years")
        return period

    def __str__(self) -> str:
        months = _count(self.months, 12, "Y", "M")
        days = f"{self.days}D" if self.days else ""
        minutes = _count(self.minutes, 60, "H", "M")
        text = months + days + (f"T{minutes}" if minutes else "")
        return f"P{text or '0D'}"

    def __add__(self, other: Period) -> Period:
        return Period(
            self.months + other.months, self.days + other.days, self.minutes + other.minutes
        )

    def __mul__(self, times: int) -> Period:
        return Period(self.months * times, self.days * times, self.minutes * times)

    @property
    def is_calendar(self) -> bool:
        """Whether any part of it is a step in the calendar."""
        return bool(self.months or self.days)

    @property
    def elapsed(self) -> timedelta:
        """The elapsed part."""
        return timedelta(minutes=self.minutes)

    def after(self, day: date, times: int = 1) -> date:
        """The day `times` such steps after `day`, counted from `day` and clamped to month ends.

        Raises ValueError when that day lies outside the calendar.
        """
        try:
            if self.months:
                day = _months_after(day, self.months * times)
            return day + timedelta(days=self.days * times) if self.days else day
        except (OverflowError, ValueError) as error:
            raise ValueError(f"{times} x {self} after {day} is outside the calendar") from error


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    # Only the last days of a month can need clamping; asking for the month's length is slow.
    return day.replace(
        year=year,
        month=month,
        day=day.day if day.day <= 28 else min(day.day, monthrange(year, month)[1]),
    )


def _count(value: int, size: int, large: str, small: str) -> str:
    if not value:
        return ""
    return f"{value // size}{large}" if value % size == 0 else f"{value}{small}"


def _read(value: Any) -> Period:
    if isinstance(value, Period):
        return value
    if isinstance(value, str):
        return Period.parse(value)
    raise ValueError("expected a duration such as P3M, P14D or PT90M")


PeriodField = Annotated[
    Period,
    BeforeValidator(_read),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["P3M", "P14D", "PT90M"]}),
]
