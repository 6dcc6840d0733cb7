"""The one door to study objects: what a user may not see does not exist (404)."""

from __future__ import annotations

from typing import TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import Http404

from surveys.access.models import Membership, User
from surveys.access.roles import GRANTS, Permission, Role
from surveys.design.models import Study

Visitor: TypeAlias = User | AnonymousUser


def studies_of(user: Visitor, *, needs: Permission = Permission.STUDY_VIEW) -> QuerySet[Study]:
    """The studies in which the user holds a role that grants `needs`."""
    if not isinstance(user, User) or not user.is_active:
        return Study.objects.none()
    roles = [role for role, granted in GRANTS.items() if needs in granted]
    return Study.objects.filter(memberships__user=user, memberships__role__in=roles)


def get_study(user: Visitor, code: str, *, needs: Permission) -> Study:
    """The study, or Http404 alike for unknown, foreign and not permitted."""
    try:
        return studies_of(user, needs=needs).get(code=code)
    except Study.DoesNotExist as error:
        raise Http404("no such study") from error


def permissions_in(user: Visitor, study: Study) -> frozenset[Permission]:
    """All that the user may do in the study; for menus, never as the guard itself."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    membership = Membership.objects.filter(user=user, study=study).first()
    return GRANTS[Role(membership.role)] if membership else frozenset()


def may_create(user: Visitor) -> bool:
    """Whether the user may start studies on this platform."""
    return is_administrator(user)


def may_word(user: Visitor) -> bool:
    """Whether the user may add wording to instruments, which all studies share."""
    return is_administrator(user) or studies_of(user, needs=Permission.STUDY_EDIT).exists()


def require_administrator(user: Visitor) -> None:
    """Http404 for everybody else: what concerns the whole platform is not for a study's staff."""
    if not is_administrator(user):
        raise Http404


def is_administrator(user: Visitor) -> bool:
    """Whether the user looks after the platform as a whole."""
    return isinstance(user, User) and user.is_active and user.is_staff
