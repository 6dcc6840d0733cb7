"""Personal links: 256 bits, re-creatable for every reminder, useless to whoever reads the database.

A token is the row's UUID (128 bits) followed by a 128-bit MAC over purpose, UUID and generation,
in lower-case base32 behind a version letter and before a fixed last letter, since mail programs
drop trailing punctuation. Raising a row's generation revokes the links sent so far. Upper case
is read as lower case: some programs and people change it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

VERSION = "a"
END = "z"
LENGTH = 54


class BadToken(ValueError):
    """Not a link of ours: malformed, forged or revoked."""


def make(purpose: str, row: UUID, generation: int = 0) -> str:
    """The token of one row for one purpose."""
    raw = row.bytes + _mac(purpose, row, generation)
    return VERSION + base64.b32encode(raw).decode().rstrip("=").lower() + END


def claimed_row(token: str) -> UUID:
    """The UUID that a token names, unverified; raises BadToken when it is malformed."""
    token = _folded(token)
    if len(token) != LENGTH or token[0] != VERSION or token[-1] != END:
        raise BadToken("malformed")
    try:
        raw = base64.b32decode(token[1:-1].upper() + "====")
    except ValueError as error:
        raise BadToken("malformed") from error
    return UUID(bytes=raw[:16])


def verify(purpose: str, token: str, row: UUID, generation: int = 0) -> None:
    """Raise BadToken unless `token` was made for this row, purpose and generation."""
    if not hmac.compare_digest(_folded(token), make(purpose, row, generation)):
        raise BadToken("forged or revoked")


def _folded(token: str) -> str:
    if not token.isascii():  # lower() maps some foreign letters onto ours
        raise BadToken("malformed")
    return token.lower()


def _mac(purpose: str, row: UUID, generation: int) -> bytes:
    message = f"{purpose}:{row}:{generation}".encode()
    return hmac.digest(settings.LINK_KEY, message, hashlib.sha256)[:16]
