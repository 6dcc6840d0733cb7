"""Ending an account ends every way in, and giving it back reopens none of them."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.http import Http404
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken
from rest_framework.test import APIClient

from surveys import pipeline
from surveys.access import accounts, memberships, policy
from surveys.access.models import User
from surveys.access.roles import Permission, Role
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import Study
from tests.world import NOW, make_study

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PASSWORD = "calm-river-stone-12"


@pytest.fixture
def study() -> Study:
    return make_study()


@pytest.fixture
def ada(study: Study) -> User:
    user = User.objects.create_user("ada@study.example", PASSWORD)
    memberships.grant(study=study, user=user, role=Role.OWNER, by=BY, now=NOW)
    return user


def test_a_revoked_role_opens_no_door(study: Study, ada: User) -> None:
    policy.get_study(ada, study.code, needs=Permission.STUDY_VIEW)
    memberships.revoke(study=study, user=ada, by=BY, now=NOW)
    with pytest.raises(Http404):
        policy.get_study(ada, study.code, needs=Permission.STUDY_VIEW)
    with pytest.raises(memberships.NotAMember, match="holds no role"):
        memberships.revoke(study=study, user=ada, by=BY, now=NOW)
    assert Event.objects.filter(event="membership.revoked").count() == 1


def test_sessions_and_tokens_end_and_stay_ended(study: Study, ada: User) -> None:
    browser, program = Client(), APIClient()
    browser.force_login(ada, BACKEND)
    _, token = AuthToken.objects.create(ada)
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def answers() -> tuple[int, int]:
        page = browser.get(reverse("console:studies"))
        return page.status_code, program.get("/api/v1/studies/").status_code

    assert answers() == (200, 200)
    accounts.deactivate(user=ada, by=BY, now=NOW)
    assert answers() == (302, 401)
    accounts.reactivate(user=ada, password=PASSWORD, by=BY, now=NOW)
    assert answers() == (302, 401)
    assert not ada.memberships.exists()
    event = Event.objects.get(event="account.deactivated")
    assert (event.subject, event.data) == (ada.code, {"n_tokens": 1})


def test_a_sweep_drops_sessions_that_have_expired_and_no_others(ada: User) -> None:
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.force_login(ada, BACKEND)
    over, running = (browser.session.session_key for browser in browsers)
    Session.objects.filter(pk=over).update(expire_date=Now())
    pipeline.sweep(now=NOW)
    assert list(Session.objects.values_list("pk", flat=True)) == [running]
