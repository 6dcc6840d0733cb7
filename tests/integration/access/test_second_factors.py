"""Second factors outlive the key that they were encrypted under."""

from __future__ import annotations

import base64

import pytest
from allauth.mfa.models import Authenticator
from pytest_django import Settings

from surveys.access.account import StaffMFAAdapter
from surveys.access.models import User
from surveys.access.second_factors import Rotated, rotate_keys
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib.crypto import CannotDecrypt
from tests.world import NOW

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def _keys(*letters: bytes) -> str:
    return ",".join(f"{c.decode()}:{base64.b64encode(c * 32).decode()}" for c in letters)


def _factors() -> list[dict[str, object]]:
    return list(Authenticator.objects.order_by("pk").values_list("data", flat=True))


@pytest.fixture
def sealed(settings: Settings) -> None:
    """An app and recovery codes of both kinds, encrypted under the key a."""
    settings.FIELD_KEYS = _keys(b"a")
    seal = StaffMFAAdapter().encrypt
    data = {
        "totp": {"secret": seal("SEED")},
        "recovery_codes": {"seed": seal("CODES"), "used_mask": 5, "migrated_codes": [seal("ONE")]},
    }
    ada = User.objects.create_user("ada@study.example")
    for kind, content in data.items():
        Authenticator.objects.create(user=ada, type=kind, data=content)


def test_they_can_be_read_without_the_old_key(sealed: None, settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"b", b"a")
    assert rotate_keys(by=BY, now=NOW) == Rotated(n_factors=2, n_left=0)
    assert rotate_keys(by=BY, now=NOW) == Rotated(n_factors=0, n_left=0)
    settings.FIELD_KEYS = _keys(b"b")
    opened = StaffMFAAdapter().decrypt
    app, codes = _factors()
    assert opened(str(app["secret"])) == "SEED"
    assert opened(str(codes["seed"])) == "CODES"
    assert [opened(code) for code in codes["migrated_codes"]] == ["ONE"]  # type: ignore[attr-defined]  # JSON
    assert codes["used_mask"] == 5
    events = Event.objects.filter(event="second_factors.rotated").order_by("pk")
    assert [event.data["n_factors"] for event in events] == [2, 0]


def test_a_lost_key_is_loud_and_changes_nothing(sealed: None, settings: Settings) -> None:
    before = _factors()
    settings.FIELD_KEYS = _keys(b"b")
    with pytest.raises(CannotDecrypt):
        rotate_keys(by=BY, now=NOW)
    assert _factors() == before
