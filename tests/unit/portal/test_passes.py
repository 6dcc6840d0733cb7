"""Cookies and page seals carry exactly what was signed, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory

from surveys.portal.passes import (
    COOKIE_AGE,
    PAGE_AGE,
    PageSeal,
    Pass,
    cookie_name,
    give_pass,
    read_pass,
    read_seal,
    seal,
)
from surveys.responding.places import Place
from surveys.scheduling.models import Occasion

ROW = UUID("01890000-0000-7000-8000-000000000001")
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def carried(cookie: str) -> Pass | None:
    request = RequestFactory().get("/survey/")
    request.COOKIES[cookie_name()] = cookie
    return read_pass(request)


def given(visit: Pass) -> str:
    response = HttpResponse()
    give_pass(response, visit)
    return str(response.cookies[cookie_name()].value)


@pytest.mark.parametrize("place", [None, Place("calm@1", 3)])
def test_a_pass_comes_back_as_it_was_given(place: Place | None) -> None:
    visit = Pass(ROW, 2, "de", place)
    assert carried(given(visit)) == visit


def test_a_changed_pass_is_none() -> None:
    cookie = given(Pass(ROW, 0, "de"))
    assert carried(cookie[:-1] + ("A" if cookie[-1] != "A" else "B")) is None
    assert carried(signing.dumps([str(ROW), 0, "de"], salt="portal.page")) is None


def test_a_pass_ends_after_a_day_and_a_page_after_two_weeks() -> None:
    with time_machine.travel(NOW, tick=False) as travel:
        cookie, page = given(Pass(ROW, 0, "de")), seal(Occasion(id=ROW), NOW)
        travel.move_to(NOW + COOKIE_AGE - timedelta(seconds=1))
        assert carried(cookie) is not None
        travel.move_to(NOW + COOKIE_AGE + timedelta(seconds=2))
        assert carried(cookie) is None
        assert read_seal(page) is not None
        travel.move_to(NOW + PAGE_AGE + timedelta(seconds=2))
        assert read_seal(page) is None


def test_a_seal_tells_occasion_generation_and_time() -> None:
    page = seal(Occasion(id=ROW, link_generation=3), NOW)
    assert read_seal(page) == PageSeal(ROW, 3, NOW)
    assert str(ROW) not in page
