"""Definitions are documents: one canonical form, one hash, problems that say where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any


def canonical(document: Any) -> bytes:
    """The document as bytes that do not depend on key order or spacing (UTF-8 JSON)."""
    return json.dumps(
        document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def content_hash(document: Any) -> str:
    """SHA-256 of the canonical form, as 64 hex digits: the document's identity."""
    return hashlib.sha256(canonical(document)).hexdigest()


class Misfit(ValueError):
    """Parts of a document that do not fit together; raised by the validators of its model.

    `found` pairs the path below the validated part, such as `("items", 3, "options")`, with what
    is wrong there, so that `lib.yamlfile` can name the line.
    """

    def __init__(self, found: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(message for _, message in self.found))
