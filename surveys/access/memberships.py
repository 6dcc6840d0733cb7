"""Who belongs to a study, and how somebody comes in."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study


@transaction.atomic
def grant(*, study: Study, user: User, role: Role, by: Actor, now: datetime) -> Membership:
    """Give somebody a role in a study, or change the one they have."""
    membership, is_new = Membership.objects.update_or_create(
        study=study,
        user=user,
        defaults={"role": role},
        create_defaults={"role": role, "since": now},
    )
    log.record(
        "membership.granted" if is_new else "membership.changed",
        by=by,
        at=now,
        study=study.code,
        subject=user.code,
        role=role,
    )
    return membership
