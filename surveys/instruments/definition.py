"""What an instrument is: items, response sets, scales and scoring rules as one document. Pure.

The same model reads the YAML file, the stored JSON and the export's codebook.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from surveys.lib.documents import Misfit

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Text = dict[Language, Words]

Path = tuple[str | int, ...]
Found = tuple[Path, str]  # where below the instrument, and what is wrong there


class Document(BaseModel):
    """Immutable, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, ignored_types=(cached_property,))


class Option(Document):
    """One coded answer. `missing` marks coded answers that are no measurement, such as "prefer not to say"."""

    code: int = Field(ge=-32_768, le=32_767)  # what SPSS, Stata and R can all label
    label: Text
    missing: bool = False


class Item(Document):
    """One question. `options` names a response set for `single`; `min`, `max`, `unit` belong to `number`."""

    code: Code
    kind: Literal["single", "number", "text"]
    text: Text
    options: Code | None = None
    min: float | None = None
    max: float | None = None
    whole: bool = True  # numbers only: whole numbers, else decimals
    unit: Text | None = None
    max_length: int = Field(default=500, ge=1, le=10_000)  # text only
    required: Literal["no", "soft", "hard"] = "soft"
    facet: str | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "single") != (self.options is not None):
            raise ValueError("'options' belongs to items of kind 'single', and only to them")
        if self.kind != "number" and (self.min, self.max, self.unit) != (None, None, None):
            raise ValueError("'min', 'max' and 'unit' belong to items of kind 'number'")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("'min' must be below 'max'")
        return self


class Key(Document):
    """One row of a scoring key: how one item enters one scale."""

    item: Code
    sign: Literal[1, -1] = 1  # -1: reverse within the item's own range, min + max - x
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    scored: bool = True  # False: administered, not scored


class Rule(Document):
    """How the answered items of a scale become a score."""

    method: Literal["mean", "sum"]
    min_answered: int = Field(ge=1)
    prorate: bool = True  # sums only: mean of the answered items times the number of items


class Scale(Document):
    """One score: its key, its rule and what a high value means."""

    code: Code
    title: Text
    high: Text  # the direction in words
    rule: Rule
    keys: tuple[Key, ...] = Field(min_length=1)
    reported: bool = True  # False: exported, but not to be interpreted on its own

    @cached_property
    def scored_keys(self) -> tuple[Key, ...]:
        """The rows that enter the score."""
        return tuple(key for key in self.keys if key.scored)

    def is_scorable_without(self, items: Collection[str]) -> bool:
        """Whether enough items are left for a score when these are not asked."""
        n_left = sum(key.item not in items for key in self.scored_keys)
        return n_left >= self.rule.min_answered

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.rule.min_answered > len(self.scored_keys):
            raise ValueError("'min_answered' is more than the scale has scored items")
        if len({key.item for key in self.keys}) < len(self.keys):
            raise ValueError("an item stands twice in this key")
        return self


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
    notes: str | None = None  # for researchers: what it measures, how the wording was checked
    instructions: Text | None = None
    items_per_page: int = Field(default=6, ge=1, le=50)
    response_sets: dict[Code, tuple[Option, ...]] = Field(default_factory=dict)
    items: tuple[Item, ...] = Field(min_length=1)
    scales: tuple[Scale, ...] = ()
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
        """The response set of a `single` item, else nothing."""
        return self.response_sets[item.options] if item.options else ()

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

    @cached_property
    def pages(self) -> tuple[tuple[Item, ...], ...]:
        """The items in screens of `items_per_page`."""
        step = self.items_per_page
        return tuple(self.items[i : i + step] for i in range(0, len(self.items), step))

    def without(self, items: Collection[str]) -> Instrument:
        """The questionnaire as people see it to whom some items are not asked.

        It has no scales: answers are scored by the whole instrument.
        """
        if not items:
            return self
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        asked = tuple(item for item in self.items if item.code not in items)
        return Instrument.model_construct(**kept | {"items": asked, "scales": (), "examples": ()})

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        found = [
            *self._repetitions(),
            *self._unknown_names(),
            *self._misused_items(),
            *self._untranslated(),
        ]
        if found:
            raise Misfit(found)
        return self

    def _repetitions(self) -> Iterator[Found]:
        yield from _repeated("item", "items", [item.code for item in self.items])
        yield from _repeated("scale", "scales", [scale.code for scale in self.scales])
        for name, options in self.response_sets.items():
            if len({option.code for option in options}) < len(options):
                yield ("response_sets", name), f"response set '{name}' has a code twice"
            if all(option.missing for option in options):
                yield ("response_sets", name), f"response set '{name}' has no measuring option"

    def _unknown_names(self) -> Iterator[Found]:
        items, scales = {i.code for i in self.items}, {s.code for s in self.scales}
        for i, item in enumerate(self.items):
            if item.options and item.options not in self.response_sets:
                message = f"item '{item.code}' names the unknown response set '{item.options}'"
                yield ("items", i, "options"), message
        for s, scale in enumerate(self.scales):
            for k, key in enumerate(scale.keys):
                if key.item not in items:
                    message = f"scale '{scale.code}' keys the unknown item '{key.item}'"
                    yield ("scales", s, "keys", k, "item"), message
        for e, example in enumerate(self.examples):
            for code in example.answers.keys() - items:
                yield ("examples", e, "answers", code), f"'{code}' is no item"
            for code in example.scores.keys() - scales:
                yield ("examples", e, "scores", code), f"'{code}' is no scale"

    def _misused_items(self) -> Iterator[Found]:
        """Text cannot be scored, and what has no range cannot be reversed."""
        items = {item.code: item for item in self.items}
        for s, scale in enumerate(self.scales):
            for k, key in enumerate(scale.keys):
                item, loc = items.get(key.item), ("scales", s, "keys", k)
                if item is None or (item.options and item.options not in self.response_sets):
                    continue
                if item.kind == "text":
                    yield loc, f"'{item.code}' is a text and cannot be scored"
                elif key.sign == -1 and self.range_of(item) is None:
                    yield loc, f"'{item.code}' needs 'min' and 'max' to be reversed"

    def _untranslated(self) -> Iterator[Found]:
        for loc, text in self._texts():
            missing = [language for language in self.languages if text and language not in text]
            yield from ((loc, f"lacks the language '{language}'") for language in missing)

    def _texts(self) -> Iterator[tuple[Path, Text | None]]:
        yield ("title",), self.title
        yield ("instructions",), self.instructions
        for i, item in enumerate(self.items):
            yield ("items", i, "text"), item.text
            yield ("items", i, "unit"), item.unit
        for name, options in self.response_sets.items():
            for o, option in enumerate(options):
                yield ("response_sets", name, o, "label"), option.label
        for s, scale in enumerate(self.scales):
            yield ("scales", s, "title"), scale.title
            yield ("scales", s, "high"), scale.high


def _repeated(kind: str, where: str, codes: Sequence[str]) -> Iterator[Found]:
    for at, code in enumerate(codes):
        if code in codes[:at]:
            yield (where, at, "code"), f"{kind} '{code}' stands twice"
