"""Protocol rows as protocols; whoever needs a design reads it through here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol


@dataclass(frozen=True)
class _Stored:
    """A document that is looked up by its hash and read once."""

    content_hash: str
    document: Any = field(compare=False, repr=False)


def protocol_of(row: ProtocolVersion) -> Protocol:
    """The protocol that a row holds; cached by content, since a published one never changes."""
    return _protocol(_Stored(row.content_hash, row.document))


@lru_cache(maxsize=256)
def _protocol(stored: _Stored) -> Protocol:
    return Protocol.model_validate(stored.document)
