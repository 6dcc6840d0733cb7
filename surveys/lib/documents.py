"""Definitions are documents: one canonical form, one hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(document: Any) -> bytes:
    """The document as bytes that do not depend on key order or spacing (UTF-8 JSON)."""
    return json.dumps(
        document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def content_hash(document: Any) -> str:
    """SHA-256 of the canonical form, as 64 hex digits: the document's identity."""
    return hashlib.sha256(canonical(document)).hexdigest()
