"""How people join a study by its public link: screener, groups, places, panels. Pure.

Part of the protocol. `participants.joining` asks here whether somebody may join.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Self

import cel
from pydantic import Field, StringConstraints, model_validator

from surveys.design.conditions import BadCondition, names_in
from surveys.design.periods import Period, PeriodField
from surveys.design.timing import Found
from surveys.instruments.definition import Code, Document, Language, Text
from surveys.lib import digits

if TYPE_CHECKING:
    from surveys.design.protocol import Protocol

Page = Annotated[str, StringConstraints(min_length=1, max_length=40_000)]
Value = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,59})$")]
GroupCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Parameter = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"'<>\\]+$", max_length=500)]

SCREENER = "screener"
SITE = "site"
OWN_PARAMETERS = ("group", "language")  # what the link itself may hold
_ITEM = re.compile(r"\bscreener\s*\.\s*([A-Za-z_]\w*)")
_TRIED = (0.0, 18.0, 40.0)  # numbers with which a condition is tried

Answer = float | str


class ScreenerOption(Document):
    """One answer that may be chosen; conditions and strata know it by `code`."""

    code: Value
    label: Text


class ScreenerItem(Document):
    """One question that everybody answers before they may join; answers are not kept."""

    code: Code
    text: Text
    kind: Literal["single", "number"]
    options: tuple[ScreenerOption, ...] = Field(default=(), max_length=50)
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        codes = [option.code for option in self.options]
        if (self.kind == "single") != (len(codes) >= 2):
            raise ValueError("a 'single' item has two or more 'options', a 'number' has none")
        if len(set(codes)) < len(codes):
            raise ValueError("two 'options' have the same code")
        if self.kind != "number" and (self.min, self.max) != (None, None):
            raise ValueError("'min' and 'max' belong to items of kind 'number'")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("'min' must be below 'max'")
        return self

    def read(self, typed: str) -> Answer | None:
        """The answer as conditions know it; None when there is none or it cannot be."""
        if self.kind == "single":
            return typed if typed in {option.code for option in self.options} else None
        typed = digits.plain(typed)
        if not re.fullmatch(r"-?[0-9]{1,9}(?:[.,][0-9]{1,6})?", typed, re.ASCII):
            return None
        number = float(typed.replace(",", "."))
        too_low = self.min is not None and number < self.min
        too_high = self.max is not None and number > self.max
        return None if too_low or too_high else number


class Quota(Document):
    """At most `places` people with these strata; without strata, in all."""

    places: int = Field(ge=1, le=1_000_000)
    strata: dict[Code, Value] = Field(default_factory=dict)


class Group(Document):
    """A code that a class or a site is given, and the strata of whoever joins with it."""

    code: GroupCode
    strata: dict[Code, Value] = Field(default_factory=dict)


class Panel(Document):
    """A panel that sends people with parameters in the link; `participant` is their pseudonym."""

    participant: Parameter
    also: tuple[Parameter, ...] = Field(default=(), max_length=10)


class Completion(Document):
    """What somebody of a panel is shown who has completed the wave."""

    wave: Code
    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")] | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if self.code is None and self.url is None:
            raise ValueError("give a 'code', a 'url' or both")
        return self


class Joining(Document):
    """The public sign-up of a study; `opens` and `closes` are days in the study's time zone."""

    open: bool
    opens: date | None = None
    closes: date | None = None  # the last day
    text: dict[Language, Page] | None = None  # Markdown: what the study is
    screener: tuple[ScreenerItem, ...] = Field(default=(), max_length=20)
    groups: tuple[Group, ...] = ()
    quotas: tuple[Quota, ...] = Field(default=(), max_length=200)
    panel: Panel | None = None
    completions: tuple[Completion, ...] = ()
    confirm: bool = True  # by a link in a mail, before anybody takes part
    confirm_within: PeriodField = Period(days=3)

    def is_open(self, today: date) -> bool:
        """Whether people may join on a day in the study's time zone."""
        has_begun = self.opens is None or today >= self.opens
        return self.open and has_begun and (self.closes is None or today <= self.closes)

    def group(self, code: str) -> Group | None:
        """The group of a code, whose letters may be of any case."""
        return next((each for each in self.groups if each.code.lower() == code.lower()), None)

    def full(self, strata: Mapping[str, str], taken: Mapping[int, int]) -> bool:
        """Whether no place is left for these strata; `taken` has how many each quota has let in."""
        return any(
            taken.get(n, 0) >= quota.places
            for n, quota in enumerate(self.quotas)
            if quota.strata.items() <= strata.items()
        )

    def completion(self, wave: str) -> Completion | None:
        """What is shown after a wave, if anything."""
        return next((each for each in self.completions if each.wave == wave), None)


def is_eligible(condition: str | None, answers: Mapping[str, Answer]) -> bool:
    """Whether the answers meet the condition; what cannot be computed is not met."""
    if condition is None:
        return True
    try:
        return cel.compile(condition).execute({SCREENER: dict(answers)}) is True
    except (KeyError, TypeError, ValueError, RuntimeError):
        return False


def joining_problems(protocol: Protocol) -> Iterator[Found]:
    """What does not fit together within the protocol."""
    joining = protocol.joining
    if joining is None:
        return
    if joining.opens and joining.closes and joining.opens > joining.closes:
        yield ("joining", "closes"), "lies before 'opens'"
    yield from _twice("item", [item.code for item in joining.screener], "screener")
    yield from _twice("group", [group.code.lower() for group in joining.groups], "groups")
    yield from _twice("wave", [each.wave for each in joining.completions], "completions")
    waves = {wave.code for wave in protocol.waves}
    for i, completion in enumerate(joining.completions):
        if completion.wave not in waves:
            yield ("joining", "completions", i, "wave"), f"there is no wave '{completion.wave}'"
    yield from _panel(joining)
    yield from _strata(protocol, joining)


def condition_problems(condition: str, joining: Joining) -> Iterator[str]:
    """Why the screener cannot decide an eligibility condition, if so."""
    try:
        if unknown := set(names_in(condition)) - {SCREENER}:
            yield f"'{min(unknown)}' is not known; use 'screener.<item>'"
            return
    except BadCondition as error:
        yield str(error)
        return
    asked = {item.code for item in joining.screener}
    for name in dict.fromkeys(_ITEM.findall(condition)):
        if name not in asked:
            known = ", ".join(sorted(asked)) or "none"
            yield f"the screener has no item '{name}'; known are {known}"
            return
    yield from _failed(condition, joining)


def _failed(condition: str, joining: Joining) -> Iterator[str]:
    """Try the condition with some answers: it must give yes or no for each."""
    program = cel.compile(condition)
    for n in range(len(_TRIED)):
        answers = {item.code: _sample(item, n) for item in joining.screener}
        try:
            value = program.execute({SCREENER: answers})
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            why = str(error).split(". ", 1)[0]
            yield f"cannot be evaluated with the screener's answers: {why}"
            return
        if not isinstance(value, bool):
            yield "is no condition: it gives neither true nor false"
            return


def _sample(item: ScreenerItem, n: int) -> Answer:
    if item.kind == "single":
        return item.options[n % len(item.options)].code
    return _TRIED[n]


def _panel(joining: Joining) -> Iterator[Found]:
    if joining.panel is None:
        if joining.completions:
            yield ("joining", "completions"), "needs a 'panel', whose people are shown it"
        return
    names = [joining.panel.participant, *joining.panel.also]
    yield from _twice("parameter", names, "panel")
    for name in names:
        if name in OWN_PARAMETERS:
            yield ("joining", "panel"), f"'{name}' has a meaning of its own in the link"


def _strata(protocol: Protocol, joining: Joining) -> Iterator[Found]:
    """Whatever people are allocated or counted by must be known when they join."""
    asked = {
        item.code: {option.code for option in item.options}
        for item in joining.screener
        if item.kind == "single"
    }
    in_groups = {name for group in joining.groups for name in group.strata}
    for name in protocol.allocation.strata if protocol.allocation else ():
        if name not in asked and not _in_all(name, joining.groups):
            yield (
                ("joining",),
                f"nobody says the stratum '{name}'; ask it in the screener or give it to each group",
            )
    for i, quota in enumerate(joining.quotas):
        for name, value in quota.strata.items():
            where = ("joining", "quotas", i, "strata", name)
            if name not in in_groups and name not in asked:
                yield where, f"neither the screener nor a group says '{name}'"
            elif name in asked and name not in in_groups and value not in asked[name]:
                yield where, f"'{value}' is no option of the screener's item '{name}'"


def _in_all(name: str, groups: tuple[Group, ...]) -> bool:
    return bool(groups) and all(name in group.strata for group in groups)


def _twice(kind: str, names: list[str], where: str) -> Iterator[Found]:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield ("joining", where, i), f"{kind} '{name}' stands twice"
