"""What a study is: arms, waves, schedule, messages as one document. Pure.

The same model reads the study file, the stored JSON and the editor; `model_json_schema()` of
`Protocol` is published with the project.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from surveys.design.periods import Period, PeriodField
from surveys.instruments.definition import Code, Document, Language, Slug, Text

InstrumentRef = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}@[1-9][0-9]*$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is no zone of the IANA database, such as Europe/Berlin")
    return name


def _clock(text: str) -> str:
    if re.match(r"^([01]\d|2[0-3]):[0-5]\d$", text) is None:
        raise ValueError(f"'{text}' is no time of day such as 09:00")
    return text


Zone = Annotated[str, AfterValidator(_zone)]
TimeOfDay = Annotated[str, AfterValidator(_clock)]


class Retention(Document):
    """How long contact details and data are kept after the last wave."""

    contact: PeriodField
    data: PeriodField


class Preregistration(Document):
    """Where the design was registered."""

    registry: str
    id: str


class Contact(Document):
    """Whom participants can ask, and the help shown on every page."""

    name: str
    email: Email
    crisis: Text


class Consent(Document):
    """The consent text, in Markdown; a new version asks people again."""

    version: int = Field(ge=1)
    text: Text
    withdrawal: Literal["keep-collected-data", "erase-collected-data"]


class Sessions(Document):
    """The dose of an arm: how many sessions, how far apart."""

    count: int = Field(ge=1)
    every: PeriodField


class Arm(Document):
    """One group of a trial."""

    code: Code
    label: Text
    ratio: int = Field(default=1, ge=1, le=20)
    sessions: Sessions | None = None


class Allocation(Document):
    """How participants come into arms."""

    method: Literal["permuted-blocks"]
    block_sizes: tuple[int, ...] = Field(min_length=1)
    strata: tuple[Code, ...] = ()


class Schedule(Document):
    """When a wave opens: an offset from an anchor, a fixed date, or the participant's own act.

    `anchor` is `enrollment`, one of the protocol's anchors, or `<wave>.completed`. With `every`
    and `times` the wave repeats; `random_between` draws the time of day, `per_day` draws several
    with at least `min_gap` between them. Without `at` a calendar offset keeps the anchor's time
    of day and an elapsed one is exact.
    """

    anchor: str | None = None
    offset: PeriodField = Period()
    date: dt.date | None = None
    event: Literal["participant"] | None = None
    at: TimeOfDay | None = None
    every: PeriodField | None = None
    times: int = Field(default=1, ge=1, le=2000)
    random_between: tuple[TimeOfDay, TimeOfDay] | None = None
    per_day: int = Field(default=1, ge=1, le=48)
    min_gap: PeriodField | None = None

    @property
    def n_occasions(self) -> int:
        """How many occasions the rule plans for one participant."""
        return self.times * self.per_day

    @model_validator(mode="after")
    def _one_way_to_say_when(self) -> Self:
        if sum(x is not None for x in (self.anchor, self.date, self.event)) != 1:
            raise ValueError("give exactly one of 'anchor', 'date' and 'event'")
        if self.times > 1 and self.every is None:
            raise ValueError("'times' needs 'every'")
        if self.at and self.random_between:
            raise ValueError("give 'at' or 'random_between', not both")
        if self.per_day > 1 and self.random_between is None:
            raise ValueError("'per_day' needs 'random_between'")
        if self.random_between and self.random_between[0] >= self.random_between[1]:
            raise ValueError("'random_between' must begin before it ends, within one day")
        return self


class Window(Document):
    """How long an occasion stays open: before the start, after it, and without a sign of life."""

    start_within: PeriodField
    finish_within: PeriodField = Period()
    inactivity: PeriodField | None = None

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start_within == Period():
            raise ValueError("'start_within' must be longer than nothing")
        return self


class Wave(Document):
    """One slot of the protocol: which instruments, when, for whom, with which reminders."""

    code: Code
    title: Text | None = None
    instruments: tuple[InstrumentRef, ...] = Field(min_length=1)
    schedule: Schedule
    window: Window = Window(start_within=Period(days=14))
    reminders: tuple[PeriodField, ...] = ()
    arms: tuple[Code, ...] = ()  # empty: all
    share: float | None = Field(default=None, gt=0, lt=1)  # a random part; the rest planned missing
    only_if: str | None = None  # CEL over earlier waves, such as "baseline.completed"


class MessageTexts(Document):
    """The words of one kind of message; `{placeholders}` come from a fixed list."""

    subject: Text
    body: Text  # Markdown


class Messages(Document):
    """The words of all messages; a wave's reminder falls back to the invitation."""

    invitation: MessageTexts
    reminder: MessageTexts | None = None


class Protocol(Document):
    """One version of a study's design."""

    study: Slug
    title: Text
    languages: tuple[Language, ...] = Field(min_length=1)
    timezone: Zone
    retention: Retention
    preregistration: Preregistration | None = None
    contact: Contact
    consent: Consent
    eligibility: str | None = None
    arms: tuple[Arm, ...] = ()
    allocation: Allocation | None = None
    anchors: tuple[Code, ...] = ()
    waves: tuple[Wave, ...] = Field(min_length=1)
    quiet_hours: tuple[TimeOfDay, TimeOfDay] | None = None
    messages: Messages

    @cached_property
    def by_code(self) -> dict[str, Wave]:
        """Waves by their code."""
        return {wave.code: wave for wave in self.waves}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        arms = {arm.code for arm in self.arms}
        for kind, codes in (
            ("wave", [w.code for w in self.waves]),
            ("arm", [a.code for a in self.arms]),
        ):
            yield from (f"{kind} '{c}' stands twice" for c, n in Counter(codes).items() if n > 1)
        if bool(self.arms) != bool(self.allocation):
            yield "'arms' and 'allocation' belong together"
        if self.allocation:
            total = sum(arm.ratio for arm in self.arms)
            if any(size <= 0 or size % total for size in self.allocation.block_sizes):
                yield f"each of 'block_sizes' must be a multiple of {total}, the sum of the ratios"
        earlier: set[str] = set()
        for wave in self.waves:
            yield from (
                f"wave '{wave.code}' names the unknown arm '{a}'"
                for a in wave.arms
                if a not in arms
            )
            yield from self._anchor_problems(wave, earlier)
            earlier.add(wave.code)

    def _anchor_problems(self, wave: Wave, earlier: set[str]) -> Iterator[str]:
        anchor = wave.schedule.anchor
        if anchor is None or anchor == "enrollment" or anchor in self.anchors:
            return
        before, _, what = anchor.partition(".")
        if what != "completed" or before not in earlier:
            yield (
                f"wave '{wave.code}' hangs on '{anchor}', which is neither 'enrollment', one of "
                "the anchors, nor '<earlier wave>.completed'"
            )


def time_of(text: TimeOfDay) -> dt.time:
    """A time of day as a value."""
    return dt.time.fromisoformat(text)
