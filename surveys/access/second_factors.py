"""Second factors under a new key. `manage.py rotate_keys` calls this.

The library keeps its secrets as values of a JSON column; which ones are ours to write anew
shows in how an encrypted value begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from surveys.access.account import StaffMFAAdapter
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.lib.crypto import Keyring


@dataclass(frozen=True)
class Rotated:
    """What a rotation of keys did to second factors."""

    n_factors: int  # written anew
    n_left: int  # still under an older key


def rotate_keys(*, by: Actor, now: datetime) -> Rotated:
    """Encrypt every second factor anew under the first key; raises CannotDecrypt."""
    n_factors = _reseal()
    n_left = sum(_is_old(data) for data in Authenticator.objects.values_list("data", flat=True))
    log.record("second_factors.rotated", by=by, at=now, n_factors=n_factors, n_left=n_left)
    return Rotated(n_factors, n_left)


@transaction.atomic
def _reseal() -> int:
    rows = Authenticator.objects.order_by("pk").select_for_update()
    old = [row for row in rows if _is_old(row.data)]
    for row in old:
        row.data = _anew(row.data, StaffMFAAdapter())
        row.save(update_fields=["data"])
    return len(old)


def _is_old(value: Any) -> bool:
    """Whether anything in the value was encrypted under another key than the first."""
    if isinstance(value, str):
        return Keyring.parse(settings.FIELD_KEYS).is_outdated(value)
    return any(map(_is_old, _inner(value)))


def _anew(value: Any, adapter: StaffMFAAdapter) -> Any:
    if isinstance(value, dict):
        return {name: _anew(inner, adapter) for name, inner in value.items()}
    if isinstance(value, list):
        return [_anew(inner, adapter) for inner in value]
    return adapter.encrypt(adapter.decrypt(value)) if _is_old(value) else value


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
