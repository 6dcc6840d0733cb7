"""The time rules that a protocol states: schedule and window. Pure; `design.schedule` computes them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from surveys.design.periods import Period, PeriodField
from surveys.design.recurrence import checked, n_dates_of
from surveys.instruments.definition import Document
from surveys.lib.documents import Misfit

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
FIRST_YEAR, LAST_YEAR = 1900, 2999  # all that the platform computes lies between
MOST_OCCASIONS = 2000  # of one wave for one person
LONGEST_DAYS = 36_525  # a hundred years

Found = tuple[tuple[str | int, ...], str]  # where below the document, and what is wrong there


def _clock(text: str) -> str:
    if re.fullmatch(CLOCK, text) is None or len(text) != 5:
        raise ValueError(f"'{text[:20]}' is no time of day such as 09:00 or 18:30")
    return text


TimeOfDay = Annotated[
    str,
    AfterValidator(_clock),
    WithJsonSchema({"type": "string", "pattern": CLOCK, "examples": ["09:00"]}),
]


Rule = Annotated[
    str,
    Field(max_length=200),
    AfterValidator(checked),
    WithJsonSchema({"type": "string", "examples": ["FREQ=WEEKLY;BYDAY=MO;COUNT=10"]}),
]


def time_of(text: TimeOfDay) -> dt.time:
    """A time of day as a value."""
    return dt.time.fromisoformat(text)


class Schedule(Document):
    """When a wave opens: an offset from an anchor, a fixed date, or the participant's own act.

    `anchor` is `enrollment`, one of the protocol's anchors, or `<wave>.completed`. With `every`
    and `times` the wave repeats, with `rrule` by a rule of RFC 5545; `random_between` draws the time of day, `per_day` draws several
    with at least `min_gap` between them. Without `at` a calendar offset keeps the anchor's time
    of day and an elapsed one is exact; a date without `at` opens at 09:00. With `own_time` a
    participant who named a time of day is asked then, and everybody else at `at`. Where the
    participant starts the wave, `times` is the most they may, `min_gap` apart.
    """

    anchor: str | None = None
    offset: PeriodField = Period()
    date: dt.date | None = None
    event: Literal["participant"] | None = None
    at: TimeOfDay | None = None
    own_time: bool = False
    every: PeriodField | None = None
    times: int = Field(default=1, ge=1, le=2000)
    rrule: Rule | None = None
    random_between: tuple[TimeOfDay, TimeOfDay] | None = None
    per_day: int = Field(default=1, ge=1, le=48)
    min_gap: PeriodField | None = None

    @property
    def n_occasions(self) -> int:
        """How many occasions the rule plans for one participant, or lets them start."""
        return (n_dates_of(self.rrule) if self.rrule else self.times) * self.per_day

    @model_validator(mode="after")
    def _can_be_computed(self) -> Self:
        found = [*self._ways_to_say_when(), *self._repetition(), *self._time_of_day()]
        found += self._gaps()
        if not found and self.random_between:
            found = list(self._room_for_prompts(self.random_between))
        if found:
            raise Misfit(found)
        return self

    def _ways_to_say_when(self) -> Iterator[Found]:
        if sum(x is not None for x in (self.anchor, self.date, self.event)) != 1:
            yield (), "give exactly one of 'anchor', 'date' and 'event'"
        if self.date is not None:
            if self.offset != Period():
                yield ("offset",), "'offset' counts from an anchor, not from a 'date'"
            if not FIRST_YEAR <= self.date.year <= LAST_YEAR:
                yield ("date",), f"expected a year between {FIRST_YEAR} and {LAST_YEAR}"
        if self.event is not None:
            rules = ("offset", "at", "own_time", "every", "rrule", "random_between", "per_day")
            for name in rules:
                if getattr(self, name) != type(self).model_fields[name].default:
                    yield (name,), f"'{name}' has no meaning where the participant starts the wave"

    def _repetition(self) -> Iterator[Found]:
        if self.times > 1 and self.every is None and self.event is None:
            yield ("times",), "'times' needs 'every'"
        if self.every is not None and self.times == 1:
            yield ("every",), "'every' needs 'times', the number of repetitions"
        if self.rrule and (self.every or self.times > 1):
            yield ("rrule",), "give 'rrule', or 'every' and 'times', not both"
        if self.rrule and not (self.at or self.random_between):
            yield ("rrule",), "an 'rrule' needs 'at' or 'random_between', since it gives days"
        if self.every == Period():
            yield ("every",), "'every' must be longer than nothing"
        if self.n_occasions > MOST_OCCASIONS:
            yield (
                ("rrule" if self.rrule else "times",),
                f"{self.n_occasions} occasions a person; {MOST_OCCASIONS} are the most",
            )
        reach = self.offset + (self.every or Period()) * (self.times - 1)
        if reach.months * 31 + reach.days + reach.minutes // 1440 > LONGEST_DAYS:
            yield (), "the last repetition lies more than a hundred years after the anchor"

    def _time_of_day(self) -> Iterator[Found]:
        fixes_time = self.at is not None or self.random_between is not None
        if self.at and self.random_between:
            yield ("at",), "give 'at' or 'random_between', not both"
        if self.own_time and self.at is None:
            yield ("own_time",), "'own_time' needs 'at', for those who name no time of their own"
        if fixes_time and self.offset.minutes:
            yield ("offset",), "expected whole days, since the time of day is given too"
        if self.random_between is None:
            if self.per_day > 1:
                yield ("per_day",), "'per_day' needs 'random_between'"
        else:
            begins, ends = self.random_between
            if begins >= ends:
                yield ("random_between",), "must begin before it ends, within one day"
            if self.every is not None and self.every.minutes:
                yield ("every",), "expected whole days, since 'random_between' draws within a day"

    def _gaps(self) -> Iterator[Found]:
        if self.min_gap is None:
            return
        if self.event is not None:
            if self.min_gap == Period():
                yield ("min_gap",), "'min_gap' must be longer than nothing"
        elif self.per_day == 1:
            yield ("min_gap",), "'min_gap' needs 'per_day' of 2 or more"
        elif self.min_gap.is_calendar or not self.min_gap.minutes:
            yield ("min_gap",), "expected hours or minutes such as PT2H"

    def _room_for_prompts(self, between: tuple[str, str]) -> Iterator[Found]:
        begins, ends = (dt.datetime.combine(dt.date.min, time_of(text)) for text in between)
        room = (ends - begins) // dt.timedelta(minutes=1)
        gap = self.min_gap.minutes if self.min_gap else 1
        needed = gap * (self.per_day - 1)
        if needed > room:
            where = "min_gap" if self.min_gap else "per_day"
            yield (
                (where,),
                (
                    f"{self.per_day} prompts {gap} minutes apart need {needed} minutes, but "
                    f"{between[0]} to {between[1]} has {room}"
                ),
            )


class Window(Document):
    """How long an occasion stays open: before the start, after it, and without a sign of life."""

    start_within: PeriodField
    finish_within: PeriodField = Period()
    inactivity: PeriodField | None = None

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        for name in ("start_within", "inactivity"):
            if getattr(self, name) == Period():
                raise Misfit([((name,), f"'{name}' must be longer than nothing")])
        return self
