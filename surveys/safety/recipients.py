"""Who is told of an alert: the named staff of the study, and never nobody while there is somebody."""

from __future__ import annotations

from collections.abc import Collection

from surveys.access.models import Membership, User
from surveys.access.roles import GRANTS, Permission
from surveys.design.models import Study

HANDLING = tuple(role for role, granted in GRANTS.items() if Permission.ALERT_HANDLE in granted)


def members(study: Study) -> list[Membership]:
    """Everybody who may handle the study's alerts now."""
    rows = Membership.objects.filter(study=study, role__in=HANDLING, user__is_active=True)
    return list(rows.select_related("user").order_by("user__email"))


def told(study: Study, names: Collection[str]) -> list[User]:
    """Those of the study whose role or address is named.

    When nobody is there any more, all who may handle alerts; without them, the administrators.
    """
    able = members(study)
    named = [m.user for m in able if m.role in names or m.user.email in names]
    if named or able:
        return named or [m.user for m in able]
    return list(User.objects.filter(is_active=True, is_staff=True).order_by("email"))


def absent(study: Study, names: Collection[str]) -> list[str]:
    """The names that stand for nobody in the study, so that others would be told instead."""
    able = members(study)
    present = {m.role for m in able} | {m.user.email for m in able}
    return [name for name in names if name not in present]
