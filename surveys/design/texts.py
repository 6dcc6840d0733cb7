"""Where the texts of a study stand, in the file's plain values and in the protocol. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from surveys.design.protocol import Protocol

TEXT_FIELDS = frozenset({"title", "label", "text", "crisis", "subject", "body", "show"})
FILE_NAME = re.compile(r"[^\s:*?\"<>|]{1,200}\.md")

Loc = tuple[str | int, ...]


def is_file_name(words: str) -> bool:
    """Whether a text only names a Markdown file."""
    return FILE_NAME.fullmatch(words) is not None


def texts_of(protocol: Protocol) -> Iterator[tuple[Loc, Mapping[str, str]]]:
    """Every text of a protocol with its place."""
    yield from _texts_below((), protocol)


def _texts_below(loc: Loc, value: Any) -> Iterator[tuple[Loc, Mapping[str, str]]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            child = getattr(value, name)
            if name in TEXT_FIELDS and isinstance(child, Mapping):
                yield (*loc, name), child
            else:
                yield from _texts_below((*loc, name), child)
    elif isinstance(value, tuple):
        for i, child in enumerate(value):
            yield from _texts_below((*loc, i), child)
