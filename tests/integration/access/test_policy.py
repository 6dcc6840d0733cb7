"""The one door, as truth tables: every role against every permission, allowed and denied."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.http import Http404

from surveys.access import policy
from surveys.access.models import Membership, User
from surveys.access.roles import GRANTS, Permission, Role
from surveys.design.models import Study

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, tzinfo=UTC)

# One line a permission, one column a role: owner, researcher, coordinator, data manager, auditor.
TABLE = {
    Permission.STUDY_VIEW: "XXXXX",
    Permission.STUDY_EDIT: "XX---",
    Permission.PARTICIPANT_VIEW: "XXXXX",
    Permission.PARTICIPANT_ENROL: "XXX--",
    Permission.PARTICIPANT_MANAGE: "XXX--",
    Permission.CONTACT_VIEW: "X-X--",
    Permission.MESSAGE_VIEW: "XXX-X",
    Permission.MESSAGE_RESEND: "XXX--",
    Permission.EXPORT_MAKE: "XX-X-",
    Permission.AUDIT_VIEW: "X---X",
    Permission.ALERT_HANDLE: "XXX--",
}
ROLES = [Role.OWNER, Role.RESEARCHER, Role.COORDINATOR, Role.DATA_MANAGER, Role.AUDITOR]
CASES = [
    pytest.param(role, permission, mark == "X", id=f"{role}-{permission}")
    for permission, marks in TABLE.items()
    for role, mark in zip(ROLES, marks, strict=True)
]


def _study(code: str) -> Study:
    return Study.objects.create(code=code, title={"en": code}, seed="s", created_at=NOW)


def _member(
    study: Study | None, role: Role = Role.OWNER, is_active: bool = True, is_superuser: bool = False
) -> User:
    user = User.objects.create_user(
        "ana@example.org", is_active=is_active, is_superuser=is_superuser
    )
    if study:
        Membership.objects.create(user=user, study=study, role=role, since=NOW)
    return user


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Permission)
    assert set(ROLES) == set(Role) == set(GRANTS)


@pytest.mark.parametrize(("role", "permission", "allowed"), CASES)
def test_role_and_permission(role: Role, permission: Permission, allowed: bool) -> None:
    study, foreign = _study("mine"), _study("foreign")
    user = _member(study, role)
    assert (permission in policy.permissions_in(user, study)) is allowed
    assert list(policy.studies_of(user, needs=permission)) == ([study] if allowed else [])
    if allowed:
        assert policy.get_study(user, "mine", needs=permission) == study
    else:
        with pytest.raises(Http404):
            policy.get_study(user, "mine", needs=permission)
    with pytest.raises(Http404):
        policy.get_study(user, foreign.code, needs=permission)
    assert policy.permissions_in(user, foreign) == frozenset()


def test_unknown_foreign_and_forbidden_answer_alike() -> None:
    study = _study("mine")
    _study("foreign")
    user = _member(study, Role.AUDITOR)
    said = set()
    for code in ("unknown", "foreign", "mine"):
        with pytest.raises(Http404) as caught:
            policy.get_study(user, code, needs=Permission.STUDY_EDIT)
        said.add(str(caught.value))
    assert len(said) == 1


@pytest.mark.parametrize("who", ["anonymous", "inactive", "without membership", "superuser"])
def test_who_is_no_active_member_sees_nothing(who: str) -> None:
    study = _study("mine")
    visitor: policy.Visitor = AnonymousUser()
    if who == "inactive":
        visitor = _member(study, is_active=False)
    elif who == "without membership":
        visitor = _member(None)
    elif who == "superuser":  # administers the platform, and reads no study
        visitor = _member(None, is_superuser=True)
    assert not policy.studies_of(visitor).exists()
    assert policy.permissions_in(visitor, study) == frozenset()
    with pytest.raises(Http404):
        policy.get_study(visitor, "mine", needs=Permission.STUDY_VIEW)


def test_roles_in_two_studies_do_not_mix() -> None:
    mine, read_only = _study("mine"), _study("read-only")
    user = _member(mine, Role.OWNER)
    Membership.objects.create(user=user, study=read_only, role=Role.AUDITOR, since=NOW)
    assert list(policy.studies_of(user, needs=Permission.STUDY_EDIT)) == [mine]
    assert policy.studies_of(user, needs=Permission.AUDIT_VIEW).count() == 2


def test_one_role_per_person_and_study() -> None:
    study = _study("mine")
    user = _member(study, Role.AUDITOR)
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=user, study=study, role=Role.OWNER, since=NOW)


def test_addresses_of_staff_are_the_same_in_any_case() -> None:
    user = User.objects.create_user("Ana@Example.org", "secret")
    assert user.email == "ana@example.org"
    assert user.check_password("secret")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ANA@example.org", "secret")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(email="Ana@example.org")


def test_an_administrator_can_log_in_to_repair() -> None:
    user = User.objects.create_superuser("root@example.org", "secret")
    assert user.is_staff
    assert user.is_superuser
    assert str(user) == "root@example.org"
