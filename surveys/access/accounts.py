"""Ending a staff account, and giving it back. `manage.py member` calls these."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from knox.models import AuthToken

from surveys.access import memberships
from surveys.access.models import User
from surveys.audit import log
from surveys.audit.actors import Actor


@transaction.atomic
def deactivate(*, user: User, by: Actor, now: datetime) -> None:
    """End an account with all that hangs on it: password, sessions, API tokens and roles.

    Without a password no session is valid any more, not even if the account comes back. The row
    stays, since the audit trail names its code.
    """
    user.set_unusable_password()
    user.is_active = False
    user.save(update_fields=["password", "is_active"])
    n_tokens, _ = AuthToken.objects.filter(user=user).delete()
    for membership in user.memberships.select_related("study"):
        memberships.revoke(study=membership.study, user=user, by=by, now=now)
    log.record("account.deactivated", by=by, at=now, subject=user.code, n_tokens=n_tokens)


@transaction.atomic
def reactivate(*, user: User, password: str, by: Actor, now: datetime) -> None:
    """Let somebody log in again; roles are granted anew."""
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    log.record("account.reactivated", by=by, at=now, subject=user.code)
