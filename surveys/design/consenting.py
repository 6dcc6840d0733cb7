"""The consent text of a study, and whose consent to an older one still holds. Pure.

Part of the protocol. Publishing asks here whether a change of the text is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from surveys.design.timing import Found
from surveys.instruments.definition import Document, Language, Text

LongText = dict[
    Language, Annotated[str, StringConstraints(min_length=1, max_length=40_000)]
]  # Markdown
REQUIRED = "required"
WHERE = ("consent", "version")


class ConsentStatement(Document):
    """One sentence that a person who joins ticks by itself."""

    text: Text
    required: bool = True


class Consent(Document):
    """The consent text, in Markdown.

    `renewal` says whether people who agreed to an older version must agree to this one before
    they are asked anything more; the first version needs none.
    """

    version: int = Field(ge=1)
    text: LongText
    statements: tuple[ConsentStatement, ...] = Field(default=(), max_length=30)
    withdrawal: Literal["keep-collected-data", "erase-collected-data"]
    renewal: Literal["required", "none"] | None = None


def consent_problems(before: Consent, after: Consent) -> Iterator[Found]:
    """What keeps `after` from being published over `before`: a change that is not declared."""
    if after.version < before.version:
        yield WHERE, f"is {after.version}, and version {before.version} is published already"
    elif after.version == before.version:
        if _says_otherwise(before, after):
            yield WHERE, f"is still {before.version}, though what people agree to has changed"
    elif after.renewal is None:
        yield (
            ("consent", "renewal"),
            f"must say for version {after.version} whether those who agreed to an older one agree "
            "anew: 'required' or 'none'",
        )


def oldest_enough(published: Iterable[tuple[int, str | None]]) -> int:
    """The oldest version of the consent that still holds; 0 when all do.

    `published` are version and renewal of the consent in each protocol version, in their order:
    a later protocol that declares the same consent otherwise takes back what was declared.
    """
    declared = dict(published)
    return max((version for version, each in declared.items() if each == REQUIRED), default=0)


def _says_otherwise(before: Consent, after: Consent) -> bool:
    """Whether the words differ in a language that both have, or what they promise does."""
    if before.withdrawal != after.withdrawal or len(before.statements) != len(after.statements):
        return True
    pairs = zip(before.statements, after.statements, strict=True)
    return _differs(before.text, after.text) or any(
        old.required != new.required or _differs(old.text, new.text) for old, new in pairs
    )


def _differs(before: dict[Language, str], after: dict[Language, str]) -> bool:
    return any(before[language] != after[language] for language in before.keys() & after.keys())
