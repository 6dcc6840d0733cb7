"""The study's definitions as plain values, so that tables can be made without a database.

`analytics.source` fills them from the stored documents; columns, tables and codebook read them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

Text = Mapping[str, str]
WORDED = frozenset({"text", "date", "time"})


@dataclass(frozen=True)
class Option:
    """A coded answer; `is_missing` marks codes that are no measurement, `why` says which kind."""

    code: int
    label: Text
    is_missing: bool = False
    why: str = ""  # "not_applicable", "declined" or nothing


@dataclass(frozen=True)
class Question:
    """One item of one instrument version, or one option of an item that has several answers."""

    code: str
    kind: str  # of the item: "single", "number", "text", ...
    text: Text
    options: tuple[Option, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: Text | None = None
    item: str = ""  # where `code` is the column of one `option`, the item that it belongs to
    option: int | None = None
    expect: tuple[float, ...] = ()  # of an attention item: the answers that pass it
    target: str = ""  # the item that asks whether there is whom it is about

    @property
    def is_worded(self) -> bool:
        """Whether the answer is a string: a text, a date or a time."""
        return self.kind in WORDED

    @cached_property
    def missing_codes(self) -> tuple[int, ...]:
        """The codes that count as no answer in scores."""
        return tuple(option.code for option in self.options if option.is_missing)


@dataclass(frozen=True)
class Measure:
    """One scale: its key as (item, sign, weight) and its rule in words."""

    code: str
    title: Text
    high: Text
    rule: str
    key_version: str
    key: tuple[tuple[str, int, float], ...]
    is_reported: bool = True
    least: int = 1  # so many answers, or parts with a score, are needed for a score
    # Of a score made from scales: the items of each part, and how many of them it needs.
    parts: tuple[tuple[frozenset[str], int], ...] = ()
    cutoffs: tuple[str, ...] = ()  # in words, with their source
    unit: Text | None = None  # of a calculated value

    @property
    def n_items(self) -> int:
        """How many items enter the score."""
        return len(self.key)

    def is_scorable_without(self, items: Collection[str]) -> bool:
        """Whether enough is left for a score when these items are not asked."""
        gone = frozenset(items)
        if self.parts:
            return sum(len(part - gone) >= least for part, least in self.parts) >= self.least
        return sum(item not in gone for item, _, _ in self.key) >= self.least


@dataclass(frozen=True)
class Form:
    """One version of one instrument."""

    code: str
    version: int
    title: Text
    status: str  # validation: "none", "pilot" or "published"
    citation: str
    licence: str
    content_hash: str
    questions: tuple[Question, ...]
    measures: tuple[Measure, ...] = ()
    abbreviation: str = ""
    key_status: str = ""  # of a published key: how sure it is, and which order of items it is for
    key_facts: tuple[tuple[str, str, str], ...] = ()  # what, how it is known, source
    unasked: tuple[str, ...] = ()  # items that are shown only, and have no column
    shuffled: tuple[str, ...] = ()  # what is shown in an order drawn by lot, in words

    @property
    def ref(self) -> str:
        """`code@version`."""
        return f"{self.code}@{self.version}"

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Where each item stands."""
        return {question.code: at for at, question in enumerate(self.questions)}

    @cached_property
    def text_places(self) -> tuple[int, ...]:
        """Where the items stand that are answered in words."""
        return tuple(at for at, q in enumerate(self.questions) if q.is_worded)

    @cached_property
    def places_of(self) -> Mapping[str, tuple[int, ...]]:
        """The places of each stored item's columns: one, one for each option, or none."""
        found: dict[str, tuple[int, ...]] = {}
        for at, question in enumerate(self.questions):
            code = question.item or question.code
            found[code] = (*found.get(code, ()), at)
        return found | dict.fromkeys(self.unasked, ())

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The items that are answered with a list of options."""
        return tuple(dict.fromkeys(q.item for q in self.questions if q.item))

    @property
    def is_plain(self) -> bool:
        """Whether every stored item has one column."""
        return not self.listed and not self.unasked

    @cached_property
    def shown_for(self) -> tuple[tuple[int, ...], ...]:
        """For each scale the places of its scored items."""
        return tuple(tuple(self.place[item] for item, _, _ in m.key) for m in self.measures)


@dataclass(frozen=True)
class Slot:
    """One wave in one protocol version; `n_occasions` is None when people start it themselves."""

    wave: str
    title: Text
    forms: tuple[int, ...]  # places in `Design.forms`
    n_occasions: int | None = 1


@dataclass(frozen=True)
class Plan:
    """One version of the protocol."""

    version: int
    content_hash: str
    slots: tuple[Slot, ...]
    # Planned form, wave, place in `Design.forms`: the places of the items that are left out.
    left_out: Mapping[tuple[str, str, int], tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Design:
    """Everything that columns and labels depend on: all protocol versions and their instruments."""

    study: str
    title: Text
    languages: tuple[str, ...]
    plans: tuple[Plan, ...]  # oldest first
    forms: tuple[Form, ...]
    strata: tuple[str, ...] = ()
    arms: Mapping[str, Text] = field(default_factory=dict)
    planned_forms: Mapping[str, str] = field(default_factory=dict)  # what each leaves out, in words

    @cached_property
    def waves(self) -> tuple[str, ...]:
        """Wave codes in the order of the newest protocol, then those that only older ones have."""
        newest_first = (slot.wave for plan in reversed(self.plans) for slot in plan.slots)
        return tuple(dict.fromkeys(newest_first))

    @cached_property
    def instruments(self) -> tuple[str, ...]:
        """Instrument codes in the order in which the waves ask them."""
        asked = (self.forms[f].code for wave in self.waves for f in self.forms_of(wave))
        return tuple(dict.fromkeys([*asked, *(form.code for form in self.forms)]))

    def slots_of(self, wave: str) -> Iterator[Slot]:
        """The wave in every protocol version that has it, newest first."""
        for plan in reversed(self.plans):
            yield from (slot for slot in plan.slots if slot.wave == wave)

    def forms_of(self, wave: str) -> tuple[int, ...]:
        """Every instrument version that any protocol version asks in the wave."""
        return tuple(dict.fromkeys(f for slot in self.slots_of(wave) for f in slot.forms))

    def versions_of(self, instrument: str) -> tuple[int, ...]:
        """Places of the instrument's versions, newest first."""
        found = [at for at, form in enumerate(self.forms) if form.code == instrument]
        return tuple(sorted(found, key=lambda at: -self.forms[at].version))

    def say(self, text: Text) -> str:
        """The text in the study's first language, else in any."""
        found = (text[language] for language in self.languages if language in text)
        return next(found, next(iter(text.values()), ""))
