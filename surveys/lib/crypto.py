"""Field encryption: AES-256-GCM with key ids and associated data, and a keyed blind index.

A stored value reads `v1.<key id>.<base64 of nonce and ciphertext>`. The associated data name the
table, column and row, so a ciphertext moved to another row does not decrypt. A failure raises;
it never returns the ciphertext.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16


class CannotDecrypt(ValueError):
    """The key is missing, the value was altered, or it belongs to another row."""


@dataclass(frozen=True)
class Keyring:
    """Master keys by id (32 bytes each); the first one encrypts, all of them decrypt.

    To rotate, put a new key first and keep the old one behind it until every row is written anew.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `kid:base64,kid:base64`; raises ValueError, which never shows a key."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            kid, key = _parse_key(entry)
            if kid in keys:
                raise ValueError(f"the field key {kid} is given twice")
            keys[kid] = key
        if not keys:
            raise ValueError("at least one field key is needed")
        return cls(keys)

    @property
    def active(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.keys))

    @property
    def mark(self) -> str:
        """How every value begins that the active key encrypted."""
        return f"v1.{self.active}."

    def is_outdated(self, stored: str) -> bool:
        """Whether a value was encrypted here, but under another key than the active one."""
        return stored.startswith("v1.") and not stored.startswith(self.mark)

    def encrypt(self, plain: str, context: str) -> str:
        """Encrypt text for one place; `context` is `table:column:row`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self.active].encrypt(nonce, plain.encode(), context.encode())
        return self.mark + base64.b64encode(nonce + sealed).decode()

    def decrypt(self, stored: str, context: str) -> str:
        """Undo `encrypt`; raises CannotDecrypt."""
        version, _, rest = stored.partition(".")
        kid, _, encoded = rest.partition(".")
        if version != "v1":
            raise CannotDecrypt("not a value that was encrypted here")
        if kid not in self.keys:
            raise CannotDecrypt(f"no key with the id {kid!r}")
        try:
            raw = base64.b64decode(encoded, validate=True)
            nonce, sealed = raw[:NONCE_BYTES], raw[NONCE_BYTES:]
            return self._ciphers[kid].decrypt(nonce, sealed, context.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt("altered, or from another row") from error

    def blind_index(self, value: str, context: str) -> bytes:
        """A 128-bit keyed fingerprint for equality look-ups, made with the active key."""
        return self._fingerprint(self.active, value, context)

    def blind_indexes(self, value: str, context: str) -> list[bytes]:
        """The fingerprint under every key, for look-ups while a rotation is under way."""
        return [self._fingerprint(kid, value, context) for kid in self.keys]

    def _fingerprint(self, kid: str, value: str, context: str) -> bytes:
        message = f"{context}\0{value}".encode()
        return hmac.digest(self._index_keys[kid], message, hashlib.sha256)[:INDEX_BYTES]

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {kid: AESGCM(_derive(key, b"field")) for kid, key in self.keys.items()}

    @cached_property
    def _index_keys(self) -> dict[str, bytes]:
        return {kid: _derive(key, b"blind-index") for kid, key in self.keys.items()}


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)


def _parse_key(entry: str) -> tuple[str, bytes]:
    kid, _, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if not re.fullmatch(r"[A-Za-z0-9]{1,20}", kid) or len(key) != KEY_BYTES:
        raise ValueError(f"each field key is an id, a colon and {KEY_BYTES} bytes in base64")
    return kid, key
