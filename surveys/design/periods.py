"""Durations as study files write them (ISO 8601), calendar and elapsed kept apart. Pure.

`P3M` and `P7D` are calendar steps on the wall clock of the participant; `PT90M` is elapsed time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from dateutil.relativedelta import relativedelta
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

PATTERN = r"^P(?!$)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?!$)(?:(\d+)H)?(?:(\d+)M)?)?$"


@dataclass(frozen=True)
class Period:
    """`months` and `days` are steps in the calendar, `minutes` is elapsed time."""

    months: int = 0
    days: int = 0
    minutes: int = 0

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read an ISO 8601 duration; raises ValueError with an example."""
        match = re.match(PATTERN, text)
        if match is None:
            raise ValueError(f"'{text}' is no duration such as P3M, P14D, PT90M or P1DT12H")
        years, months, weeks, days, hours, minutes = (int(part or 0) for part in match.groups())
        period = cls(12 * years + months, 7 * weeks + days, 60 * hours + minutes)
        if period.months > 1200 or period.days > 36_525 or period.minutes > 52_596_000:
            raise ValueError(f"'{text}' is longer than a hundred years")
        return period

    def __str__(self) -> str:
        hours, minutes = divmod(self.minutes, 60)
        day = (f"{self.months}M" if self.months else "") + (f"{self.days}D" if self.days else "")
        time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
        return f"P{day}" + (f"T{time}" if time else "") if day or time else "P0D"

    @property
    def is_calendar(self) -> bool:
        """Whether any part of it is a step in the calendar."""
        return bool(self.months or self.days)

    @property
    def elapsed(self) -> timedelta:
        """The elapsed part."""
        return timedelta(minutes=self.minutes)

    def after(self, day: date, times: int = 1) -> date:
        """The day `times` such steps after `day`, counted from `day` and clamped to month ends."""
        return day + relativedelta(months=self.months * times, days=self.days * times)


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
