"""The study's page tells its public link and what that led to."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from surveys import pipeline
from surveys.access.roles import Role
from surveys.design.models import Study
from surveys.lib import clock
from surveys.participants.identity.models import SignUp
from tests.functional.console.cast import client_of, make_staff
from tests.functional.portal.test_joining import ADULT, DETAILS, TICKED, walk
from tests.integration.participants.joining_world import open_study
from tests.world import make_study

pytestmark = pytest.mark.django_db


def overview(study: Study) -> str:
    staff = client_of(make_staff(Role.RESEARCHER, study))
    html = staff.get(f"/console/studies/{study.code}/").content.decode()
    return re.sub(r"\s+", " ", html)


def test_the_link_and_what_it_led_to(client: Client) -> None:
    study = open_study()
    walk(client, {}, {**ADULT, "screener.age": "17"})
    walk(client, {}, ADULT, TICKED, DETAILS)
    pipeline.join(sign_up=SignUp.objects.get().pk, now=clock.now())
    html = overview(study)
    assert f'/join/{study.code}/">' in html
    assert "closed at present" not in html
    for name, n in {
        "Began": 2, "Not eligible": 1, "Found no place": 0, "Not confirmed yet": 0, "Joined": 1,
    }.items():  # fmt: skip
        assert f"<dt>{name}</dt><dd>{n}</dd>" in html


def test_a_closed_link_is_called_closed() -> None:
    assert "closed at present" in overview(open_study(block={"open": False}))


def test_a_study_that_nobody_can_join_has_no_link() -> None:
    assert "Joining by the public link" not in overview(make_study())
