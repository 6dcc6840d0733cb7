"""Who belongs to a study: how somebody comes in, and how they leave."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.audit import log
from surveys.audit.actors import Actor
from surveys.design.models import Study


class NotAMember(LookupError):
    """Somebody who is to leave a study holds no role in it."""


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


@transaction.atomic
def revoke(*, study: Study, user: User, by: Actor, now: datetime) -> None:
    """Take somebody's role in a study away, at once and for every door; raises NotAMember."""
    membership = Membership.objects.select_for_update().filter(study=study, user=user).first()
    if membership is None:
        raise NotAMember(f"{user.email} holds no role in '{study.code}'")
    membership.delete()
    log.record(
        "membership.revoked",
        by=by,
        at=now,
        study=study.code,
        subject=user.code,
        role=membership.role,
    )
