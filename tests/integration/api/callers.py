"""People and programs that call the API."""

from __future__ import annotations

from typing import Any

from knox.models import AuthToken
from rest_framework.test import APIClient

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.design.models import Study
from tests.integration.participants.studies import NOW

PERSON: dict[str, Any] = {
    "email": "ana.lima@example.org",
    "name": "Ana Lima",
    "language": "en",
    "timezone": "Europe/Berlin",
    "site": "north",
    "consent_version": 2,
    "consented_at": "2026-02-01T10:00:00+01:00",
}


def user(study: Study | None = None, role: Role = Role.OWNER, email: str = "") -> User:
    """A member of staff, with a role when a study is given."""
    made = User.objects.create_user(email or f"staff{User.objects.count()}@example.org")
    if study:
        Membership.objects.create(user=made, study=study, role=role, since=NOW)
    return made


def client(caller: User | None = None) -> APIClient:
    """A program with a token of the caller's, or with none."""
    made = APIClient()
    if caller:
        _, token = AuthToken.objects.create(caller)
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return made
