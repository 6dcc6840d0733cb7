"""What an instrument is: items, response sets, scales and scoring rules as one document. Pure.

The same model reads the YAML file, the stored JSON and the export's codebook.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Literal, Self

from pydantic import Field, model_validator

from surveys.instruments import (
    attention,
    coherence,
    fitting,
    formulas,
    kinds,
    logic,
    ordering,
    paging,
    piping,
)
from surveys.instruments.keys import Calculated, Key, Origin, Part, Rule, Scale
from surveys.instruments.kinds import Kind, Missing
from surveys.instruments.ordering import Shuffle
from surveys.instruments.terms import (
    Code,
    Condition,
    Document,
    Found,
    Language,
    Path,
    Slug,
    Text,
    Words,
)
from surveys.lib.documents import Misfit

__all__ = [  # the rest of the platform imports all of an instrument from here
    "Calculated",
    "Code",
    "Condition",
    "Document",
    "Example",
    "Found",
    "Instrument",
    "Item",
    "Key",
    "Language",
    "Licence",
    "Option",
    "Part",
    "Path",
    "Rule",
    "Scale",
    "Shuffle",
    "Slug",
    "Text",
    "Words",
]


class Option(Document):
    """One coded answer.

    `missing` marks coded answers that are no measurement: true, or which kind it is, such as
    `declined` for "prefer not to say". An `exclusive` option of `multiple`, such as "none of
    these", cannot be chosen beside another; a missing one never can.
    """

    code: int = Field(ge=-32_768, le=32_767)  # what SPSS, Stata and R can all label
    label: Text = Field(default_factory=dict)  # empty in a key without wording
    missing: bool | Missing = False
    exclusive: bool = False
    pinned: bool = False


class Ends(Document):
    """What the two ends of a slider mean, in words."""

    low: Text
    high: Text


class Item(Document):
    """One question; `kinds` says which field belongs to which kind.

    `options` names the response set to choose from. `asides` names another one, of coded answers
    that are no measurement; it stands apart and fits numbers, words and dates too.
    """

    code: Code
    kind: Kind
    text: Text = Field(default_factory=dict)  # empty in a key without wording
    options: Code | None = None
    asides: Code | None = None
    min: float | None = None
    max: float | None = None
    whole: bool = True  # numbers only: whole numbers, else decimals
    unit: Text | None = None
    ends: Ends | None = None
    earliest: date | None = None
    latest: date | None = None
    least: int | None = Field(default=None, ge=1)  # how many options must be chosen, if any
    most: int | None = Field(default=None, ge=1)
    max_length: int = Field(default=500, ge=1, le=10_000)  # text only
    required: Literal["no", "soft", "hard"] = "soft"
    facet: str | None = None
    expect: tuple[int | float, ...] | None = Field(default=None, min_length=1)  # see `attention`
    show_if: Condition | None = None  # in CEL over what comes before; see `logic`
    pinned: bool = False  # keeps its place where items are shuffled
    target: Code | None = None  # the item that asks whether there is whom this one is about

    @property
    def is_hard(self) -> bool:
        """Whether nobody goes on without an answer; a consent is always so."""
        return self.required == "hard" or self.kind == "consent"

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if found := list(kinds.misfits(self)):
            raise ValueError("; ".join(found))
        return self


class Section(Document):
    """Items that stand together: they begin a new page, under their own heading.

    A `set` is drawn with one row an item on a wide screen, the options as columns.
    """

    items: tuple[Code, ...] = Field(min_length=1)
    title: Text | None = None
    instructions: Text | None = None
    items_per_page: int | None = Field(default=None, ge=1, le=50)
    layout: Literal["items", "set"] = "items"
    show_if: Condition | None = None
    shuffle: bool | None = None  # whether its items change places; as the instrument says if None
    pinned: bool = False  # keeps its place where sections are shuffled


class Example(Document):
    """A worked example that `manage.py instrument check` and the tests recompute."""

    answers: dict[Code, float | None]
    scores: dict[Code, float | None]


class Licence(Document):
    """Under which terms the wording may be used, in a sentence that a researcher can act on."""

    name: str
    statement: str


class Instrument(Document):
    """One version of one questionnaire."""

    instrument: Slug
    version: int = Field(ge=1)
    title: Text
    abbreviation: str | None = None
    languages: tuple[Language, ...] = Field(min_length=1)
    validation_status: Literal["none", "pilot", "published"]
    citation: str
    licence: Licence
    wording: Literal["complete", "none"] = "complete"  # "none": a key, which nobody can be asked
    origin: Origin | None = None  # where a published key comes from, and how sure that is
    notes: str | None = None  # for researchers: what it measures, how the wording was checked
    instructions: Text | None = None
    items_per_page: int = Field(default=6, ge=1, le=50)
    response_sets: dict[Code, tuple[Option, ...]] = Field(default_factory=dict)
    items: tuple[Item, ...] = Field(min_length=1)
    sections: tuple[Section, ...] = ()
    shuffle: Shuffle = Shuffle()
    scales: tuple[Scale, ...] = ()
    values: tuple[Calculated, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def ref(self) -> str:
        """`code@version`."""
        return f"{self.instrument}@{self.version}"

    @cached_property
    def by_code(self) -> dict[str, Item]:
        """Items by their code."""
        return {item.code: item for item in self.items}

    def options_of(self, item: Item) -> tuple[Option, ...]:
        """Every coded answer to an item, its asides last; nothing where there is none."""
        return (*self.response_sets.get(item.options or "", ()), *self.asides_of(item))

    def asides_of(self, item: Item) -> tuple[Option, ...]:
        """The coded answers that stand apart from the item's own options or field."""
        return self.response_sets.get(item.asides or "", ())

    def range_of(self, item: Item) -> tuple[float, float] | None:
        """The lowest and highest valid code, or None when the item has no bounded range."""
        codes = [option.code for option in self.options_of(item) if not option.missing]
        if codes:
            return min(codes), max(codes)
        if item.min is not None and item.max is not None:
            return item.min, item.max
        return None

    @cached_property
    def scale_by_code(self) -> dict[str, Scale]:
        """Scales by their code."""
        return {scale.code: scale for scale in self.scales}

    def scored_keys_of(self, scale: Scale) -> tuple[Key, ...]:
        """Each item that enters a score, once; through its parts where it is made from scales."""
        found = {key.item: key for key in scale.scored_keys}
        for part in scale.parts:
            turn = 1 if part.enters == "as is" else -1
            for key in self.scale_by_code[part.scale].scored_keys:
                sign: Literal[1, -1] = 1 if key.sign == turn else -1
                found.setdefault(key.item, key.model_copy(update={"sign": sign}))
        return tuple(found.values())

    def is_scorable_without(self, scale: Scale, items: Collection[str]) -> bool:
        """Whether enough items are left for a score when these are not asked."""
        if scale.parts:
            parts = [self.scale_by_code[part.scale] for part in scale.parts]
            n_left = sum(self.is_scorable_without(part, items) for part in parts)
        else:
            n_left = sum(key.item not in items for key in scale.scored_keys)
        return n_left >= scale.rule.min_answered

    @cached_property
    def pages(self) -> tuple[tuple[Item, ...], ...]:
        """The items in screens of `items_per_page`; a section begins a new one, and what hangs on an answer."""
        found: list[tuple[Item, ...]] = []
        hangs_on = logic.hangs_on(self, (*logic.branches(self), *piping.pipes(self)))
        for section, group in groupby(self.items, self.section_of):
            items = tuple(group)
            step = (section and section.items_per_page) or self.items_per_page
            found += paging.screens(items, step, hangs_on)
        return tuple(found)

    def section_of(self, item: Item) -> Section | None:
        """The section that an item stands in; None without sections."""
        return self._section_by_item.get(item.code)

    @cached_property
    def _section_by_item(self) -> dict[str, Section]:
        return {code: section for section in self.sections for code in section.items}

    def without(self, items: Collection[str]) -> Instrument:
        """The questionnaire as people see it to whom some items are not asked.

        It has no scales: answers are scored by the whole instrument.
        """
        if not items:
            return self
        return self._with(tuple(item for item in self.items if item.code not in items))

    def showing(self, pages: tuple[tuple[Item, ...], ...]) -> Instrument:
        """The questionnaire as one person is shown it; a page may be empty, it is passed over."""
        shown = self._with(tuple(item for page in pages for item in page))
        shown.__dict__["pages"] = pages  # where `cached_property` keeps what it has computed
        return shown

    def arranged(
        self, items: Iterable[Item], response_sets: Mapping[str, tuple[Option, ...]]
    ) -> Instrument:
        """The questionnaire with its items, and the options of some sets, in another order."""
        return self._with(tuple(items), response_sets={**self.response_sets, **response_sets})

    def _with(self, items: tuple[Item, ...], **changes: object) -> Instrument:
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        changes |= {"items": items, "scales": (), "examples": ()}
        return Instrument.model_construct(**kept | changes)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        found = [*coherence.misfits(self), *fitting.misfits(self)]
        found += [*ordering.misfits(self), *logic.misfits(self), *attention.misfits(self)]
        found += [*formulas.misfits(self), *piping.misfits(self)]
        if found:
            raise Misfit(found)
        return self
