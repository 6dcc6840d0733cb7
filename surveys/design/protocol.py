"""What a study is: arms, waves, schedule, messages as one document. Pure.

The same model reads the study file, the stored JSON and the editor; `design.schema` publishes its
JSON Schema. What needs the instruments or every translation is checked in `design.checks`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from surveys.design import zones
from surveys.design.conditions import names_in
from surveys.design.consenting import Consent, LongText
from surveys.design.forms import EVERYTHING, Form, InstrumentRef, form_problems
from surveys.design.joining import Joining, joining_problems
from surveys.design.periods import Period, PeriodField
from surveys.design.safety import SafetyRule
from surveys.design.timing import Found, Schedule, TimeOfDay, Window, time_of
from surveys.instruments.definition import Code, Document, Language, Slug, Text
from surveys.lib.documents import Misfit

__all__ = ["Protocol", "Schedule", "TimeOfDay", "Wave", "Window", "Zone", "time_of"]

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Zone = Annotated[str, AfterValidator(zones.checked)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=1000)]  # CEL
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

ENROLLMENT = "enrollment"


class Retention(Document):
    """How long contact details and data are kept after the last wave."""

    contact: PeriodField
    data: PeriodField


class Preregistration(Document):
    """Where the design was registered."""

    registry: Name
    id: Name


class Contact(Document):
    """Whom participants can ask, and the help shown on every page."""

    name: Name
    email: Email
    crisis: Text


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


class Wave(Document):
    """One slot of the protocol: which instruments, when, for whom, with which reminders."""

    code: Code
    title: Text | None = None
    instruments: tuple[InstrumentRef, ...] = Field(min_length=1)
    schedule: Schedule
    window: Window = Window(start_within=Period(days=14))
    reminders: tuple[PeriodField, ...] = Field(default=(), max_length=20)
    arms: tuple[Code, ...] = ()  # empty: all
    share: float | None = Field(default=None, gt=0, lt=1)  # a random part; the rest planned missing
    only_if: Expression | None = None  # CEL over earlier waves, such as "baseline.completed"

    @property
    def is_planned(self) -> bool:
        """Whether the protocol plans it, so that it is over one day; else people start it."""
        return self.schedule.event is None


class MessageTexts(Document):
    """The words of one kind of message; `{placeholders}` come from a fixed list."""

    subject: Text
    body: LongText


class Unknown(StrEnum):
    """What is done about a mail that may or may not have arrived."""

    HOLD = "hold"  # a person decides
    RESEND_INVITATIONS = "resend-invitations"  # once, after an hour; the link is the same


class Messages(Document):
    """The words of all messages; a wave's reminder falls back to the invitation."""

    invitation: MessageTexts
    reminder: MessageTexts | None = None
    unknown: Unknown = Unknown.HOLD


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
    eligibility: Expression | None = None
    joining: Joining | None = None  # without it nobody joins by themselves
    arms: tuple[Arm, ...] = ()
    allocation: Allocation | None = None
    anchors: tuple[Code, ...] = ()
    waves: tuple[Wave, ...] = Field(min_length=1)
    forms: tuple[Form, ...] = ()  # planned-missing; empty: everybody is asked everything
    quiet_hours: tuple[TimeOfDay, TimeOfDay] | None = None
    messages_per_day: int | None = Field(default=None, ge=1, le=100)  # to one participant
    messages: Messages
    safety: tuple[SafetyRule, ...] = Field(default=(), max_length=100)

    @cached_property
    def by_code(self) -> dict[str, Wave]:
        """Waves by their code."""
        return {wave.code: wave for wave in self.waves}

    def spoken(self, *wanted: str) -> str:
        """The first wanted language that the study has, else its first one."""
        return next((each for each in wanted if each in self.languages), self.languages[0])

    def hangs_on(self, wave: str) -> bool:
        """Whether any other wave is planned by how this one ended."""
        return any(
            each.schedule.anchor == f"{wave}.completed"
            or (each.only_if is not None and wave in names_in(each.only_if))
            for each in self.waves
        )

    def form(self, code: str) -> Form:
        """The form of that code; where there is none, the one that leaves out nothing."""
        return self._forms.get(code, EVERYTHING)

    @cached_property
    def _forms(self) -> dict[str, Form]:
        return {form.code: form for form in self.forms}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        found = [*self._twice(), *self._arm_problems()]
        if self.quiet_hours and self.quiet_hours[0] == self.quiet_hours[1]:
            found.append((("quiet_hours",), "must begin and end at different times"))
        for i, wave in enumerate(self.waves):
            found += [(("waves", i, *where), what) for where, what in self._wave_problems(wave, i)]
        found += [*form_problems(self), *joining_problems(self)]
        if found:
            raise Misfit(found)
        return self

    def _twice(self) -> Iterator[Found]:
        yield from _repeated("language", self.languages, ("languages",))
        yield from _repeated("anchor", self.anchors, ("anchors",))
        yield from _repeated("arm", (arm.code for arm in self.arms), ("arms",), "code")
        yield from _repeated("wave", (wave.code for wave in self.waves), ("waves",), "code")
        yield from _repeated("form", (form.code for form in self.forms), ("forms",), "code")
        yield from _repeated("rule", (rule.code for rule in self.safety), ("safety",), "code")
        if ENROLLMENT in self.anchors:
            yield ("anchors",), f"'{ENROLLMENT}' is every study's own anchor"

    def _arm_problems(self) -> Iterator[Found]:
        if self.arms and self.allocation is None:
            yield ("arms",), "'arms' need an 'allocation'"
        if self.allocation is None:
            return
        if not self.arms:
            yield ("allocation",), "'allocation' needs 'arms'"
        yield from _repeated("stratum", self.allocation.strata, ("allocation", "strata"))
        total = sum(arm.ratio for arm in self.arms) or 1
        if any(size <= 0 or size % total for size in self.allocation.block_sizes):
            yield (
                ("allocation", "block_sizes"),
                f"each size must be a multiple of {total}, the sum of the arms' ratios",
            )

    def _wave_problems(self, wave: Wave, index: int) -> Iterator[Found]:
        yield from _repeated("instrument", wave.instruments, ("instruments",))
        arms = {arm.code for arm in self.arms}
        for i, arm in enumerate(wave.arms):
            if arm not in arms:
                yield ("arms", i), f"there is no arm '{arm}'"
        if self.messages_per_day and wave.schedule.per_day > self.messages_per_day:
            yield (
                ("schedule", "per_day"),
                f"{wave.schedule.per_day} prompts a day are more than 'messages_per_day' allows",
            )
        anchor = wave.schedule.anchor
        if anchor is None or anchor == ENROLLMENT or anchor in self.anchors:
            return
        before, _, what = anchor.partition(".")
        earlier = {other.code: other for other in self.waves[:index]}
        if what != "completed" or before not in earlier:
            yield (
                ("schedule", "anchor"),
                f"'{anchor}' is neither '{ENROLLMENT}', one of the anchors, nor "
                "'<earlier wave>.completed'",
            )
        elif not earlier[before].is_planned:
            yield ("schedule", "anchor"), f"'{before}' is started by participants and never over"


def _repeated(
    kind: str, names: Iterable[str], where: tuple[str, ...], *below: str
) -> Iterator[Found]:
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):
        if seen[name]:
            yield (*where, i, *below), f"{kind} '{name}' stands twice"
        seen[name] += 1
