"""Scoring keys: how items become scores, and how sure we are of a published key. Pure.

Part of `instruments.definition`, which checks that keys and items fit together.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from surveys.instruments.terms import Code, Condition, Document, Slug, Text

# From sure to unsure. "default" is no author's rule but this platform's own.
Status = Literal["verified", "second-hand", "default", "memory"]
STATUSES: tuple[Status, ...] = ("verified", "second-hand", "default", "memory")
STATUS_WORDS: dict[Status, str] = {
    "verified": "seen in the source that is named",
    "second-hand": "seen in code or a page of somebody else than the authors",
    "default": "this platform's rule; the authors give none",
    "memory": "not checked against a source; check it before you rely on it",
}
FACT_WORDS = {
    "items": "which items enter which scale",
    "signs": "which items are reversed",
    "codes": "response codes",
    "rule": "how items become a score",
    "missing": "what is done when answers are missing",
    "licence": "under which terms the wording may be used",
}


class Key(Document):
    """One row of a scoring key: how one item enters one scale."""

    item: Code
    sign: Literal[1, -1] = 1  # -1: reverse within the item's own range, min + max - x
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    scored: bool = True  # False: administered, not scored


class Part(Document):
    """How one scale enters a score that is made from scales."""

    scale: Code
    enters: Literal["as is", "reversed", "subtracted"] = "as is"  # reversed: within its range
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Rule(Document):
    """How the answered items of a scale, or its parts with a score, become a score."""

    method: Literal["mean", "sum"]
    min_answered: int = Field(ge=1)
    prorate: bool = True  # sums only: mean of the answered items times the number of items
    times: float = Field(default=1.0, gt=0, allow_inf_nan=False)  # the last step: 4 in WHO-5


class Cutoff(Document):
    """A public threshold, for the reader of a score; nothing in the platform decides by it."""

    at: float
    side: Literal["or more", "or less"] = "or more"
    says: str
    status: Status
    source: str


class Scale(Document):
    """One score: its key or its parts, its rule and what a high value means."""

    code: Code
    title: Text
    high: Text  # the direction in words
    rule: Rule
    keys: tuple[Key, ...] = ()
    parts: tuple[Part, ...] = ()  # instead of keys: a score made from other scales
    reported: bool = True  # False: exported, but not to be interpreted on its own
    cutoffs: tuple[Cutoff, ...] = ()

    @cached_property
    def scored_keys(self) -> tuple[Key, ...]:
        """The rows of its own key that enter the score."""
        return tuple(key for key in self.keys if key.scored)

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if bool(self.keys) == bool(self.parts):
            raise ValueError("a scale has 'keys' or 'parts', one of them and not both")
        if self.parts:
            return self._combinable()
        if self.rule.min_answered > len(self.scored_keys):
            raise ValueError("'min_answered' is more than the scale has scored items")
        if len({key.item for key in self.keys}) < len(self.keys):
            raise ValueError("an item stands twice in this key")
        return self

    def _combinable(self) -> Self:
        n_parts, is_sum = len(self.parts), self.rule.method == "sum"
        if len({part.scale for part in self.parts}) < n_parts:
            raise ValueError("a scale stands twice in these parts")
        if self.rule.min_answered > n_parts:
            raise ValueError("'min_answered' is more than the score has parts")
        if is_sum and self.rule.min_answered < n_parts:
            raise ValueError("a sum of scales needs all of them: 'min_answered' is their number")
        if not is_sum and any(part.enters == "subtracted" for part in self.parts):
            raise ValueError("parts are subtracted in sums only")
        return self


class Calculated(Document):
    """A number made from answers, scores and earlier values; see `calculating`."""

    code: Code
    title: Text
    formula: Condition  # in CEL, as `show_if`; true is 1 and false is 0
    unit: Text | None = None


class Fact(Document):
    """How one thing about a published key is known."""

    of: Literal["items", "signs", "codes", "rule", "missing", "licence"]
    status: Status
    source: str


class Origin(Document):
    """Where a published key comes from.

    One name often stands for several keys. `order` says which numbering of the items this key is
    for; wording is only taken for that order.
    """

    name: str  # under which this and other keys circulate
    order: Slug
    order_says: str  # how a person tells this order from others
    facts: tuple[Fact, ...] = Field(min_length=1)

    @property
    def status(self) -> Status:
        """The less sure of which items enter which scale, and which are reversed."""
        known = [fact.status for fact in self.facts if fact.of in {"items", "signs"}]
        return max(known, key=STATUSES.index, default="memory")
