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
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class CannotDecrypt(ValueError):
    """The key is missing, the value was altered, or it belongs to another row."""


@dataclass(frozen=True)
class Keyring:
    """Master keys by id (32 bytes each); the first one encrypts, all of them decrypt."""

    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `kid:base64,kid:base64`; raises ValueError when a key is not 32 bytes."""
        keys = {}
        for entry in filter(None, text.split(",")):
            kid, _, encoded = entry.strip().partition(":")
            key = base64.b64decode(encoded, validate=True)
            if not kid.isalnum() or len(key) != 32:
                raise ValueError("each field key is an id, a colon and 32 bytes in base64")
            keys[kid] = key
        if not keys:
            raise ValueError("at least one field key is needed")
        return cls(keys)

    @property
    def active(self) -> str:
        """The id of the key that encrypts."""
        return next(iter(self.keys))

    def encrypt(self, plain: str, context: str) -> str:
        """Encrypt text for one place; `context` is `table:column:row`."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher(self.active).encrypt(nonce, plain.encode(), context.encode())
        return f"v1.{self.active}.{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, stored: str, context: str) -> str:
        """Undo `encrypt`; raises CannotDecrypt."""
        version, _, rest = stored.partition(".")
        kid, _, encoded = rest.partition(".")
        if version != "v1" or kid not in self.keys:
            raise CannotDecrypt(f"no key with the id {kid!r}")
        try:
            raw = base64.b64decode(encoded, validate=True)
            plain = self._cipher(kid).decrypt(
                raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt("altered, or from another row") from error
        return plain.decode()

    def blind_index(self, value: str, context: str) -> bytes:
        """A 128-bit keyed fingerprint for equality look-ups, made with the oldest key."""
        key = self._derive(list(self.keys)[-1], b"blind-index")
        return hmac.digest(key, f"{context}\0{value}".encode(), hashlib.sha256)[:16]

    def _cipher(self, kid: str) -> AESGCM:
        return AESGCM(self._derive(kid, b"field"))

    def _derive(self, kid: str, purpose: bytes) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=purpose).derive(self.keys[kid])
