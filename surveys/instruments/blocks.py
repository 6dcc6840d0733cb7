"""What a block of items that is asked for each of several targets may say in a file. Pure.

`repeating` writes blocks out when a file is read; nothing else knows of them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from surveys.instruments.definition import Instrument, Item, Section
from surveys.instruments.keys import Key, Rule, Scale
from surveys.instruments.terms import Code, Document, Text, Words

Part = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,29}$")]  # of a longer code


class Target(Document):
    """Whom a block is about; `words` has what texts put in place of `{name}`, in each language."""

    code: Part
    words: dict[Code, dict[str, Words]] = Field(default_factory=dict)


class Ask(Document):
    """The question whether there is such a target; one option is `missing: not_applicable`."""

    text: Text = Field(default_factory=dict)
    options: Code
    required: Literal["no", "soft", "hard"] = "soft"


class RepeatedItem(Item):
    """An item of a block; its code is the last part of the code that it gets."""

    code: Part


class RepeatedKey(Key):
    """A row of a block's scoring key."""

    item: Part


class Across(Document):
    """The score over all targets, made from the score of each."""

    code: Code
    title: Text
    rule: Rule


class RepeatedScale(Scale):
    """A scale that each target has, and the one over them."""

    keys: tuple[RepeatedKey, ...] = ()
    across: Across | None = None


class RepeatedSection(Section):
    """The heading over the items of each target."""

    items: tuple[Code, ...] = ()


class Repeat(Document):
    """A block; it stands behind the item `after`, or behind all items."""

    code: Code
    targets: tuple[Target, ...] = Field(min_length=2)
    ask: Ask | None = None
    items: tuple[RepeatedItem, ...] = Field(min_length=1)
    section: RepeatedSection | None = None
    scales: tuple[RepeatedScale, ...] = ()
    after: Code | None = None


class File(Instrument):
    """An instrument file: what an instrument has, and blocks; for the published schema."""

    items: tuple[Item, ...] = ()
    repeats: tuple[Repeat, ...] = ()
