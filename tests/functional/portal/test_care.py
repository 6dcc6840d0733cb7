"""Help is shown right after an answer of concern, keeps nobody from going on, and stays in reach."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from surveys.lib import clock
from surveys.safety.models import Alert
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.portal.test_pages import hidden
from tests.questionnaires import EVERY_KIND

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = {"en": "Help, if you want it", "de": "Hilfe, wenn Sie möchten"}
OWN = {"en": "Call us on 5555.", "de": "Rufen Sie uns an: 5555."}
RULE = {
    "code": "distant",
    "instrument": "every-kind",
    "when": "answers.closeness <= 2",
    "alert": ["coordinator"],
}


def make(**rule: Any) -> Occasion:
    return make_answerable([EVERY_KIND], protocol={"safety": [{**RULE, **rule}]})


def answer(client: Client, closeness: str, **more: str) -> str:
    """Post the first page; what is shown next."""
    typed = hidden(client.get("/survey/")) | {"closeness": closeness, "age": "44", "hours": "8"}
    reply = client.post("/survey/", typed | {"action": "next"} | more, follow=True)
    return reply.content.decode()


def test_help_comes_at_once_and_only_to_whom_it_concerns(client: Client) -> None:
    client.post(link(make()), {"start": "1"})
    shown = answer(client, "1")
    assert '<section class="care"' in shown
    assert shown.count("In an emergency call 112.") == 2  # and at the foot, as on every page
    assert 'name="agree"' in shown or 'name="note"' in shown  # the next questions
    other = Client()
    other.post(link(make_answerable([EVERY_KIND], study="other")), {"start": "1"})
    assert "care" not in answer(other, "1")


def test_it_comes_also_when_another_answer_is_faulty(client: Client) -> None:
    client.post(link(make()), {"start": "1"})
    shown = answer(client, "1", age="none")
    assert '<section class="care"' in shown
    assert "Please check your answers" in shown


def test_it_stays_within_reach_on_later_pages(client: Client) -> None:
    occasion = make(show=OWN)
    client.post(link(occasion), {"start": "1"})
    assert "Call us on 5555." in answer(client, "2")
    Alert.objects.update(raised_at=clock.now() - timedelta(minutes=15))
    shown = client.get("/survey/").content.decode()
    assert '<details class="care">' in shown
    assert "Call us on 5555." in shown
    assert "Call us on 5555." in client.get(link(occasion)).content.decode()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "de"])
def test_it_is_plain_in_a_browser(
    live: str, new_context: NewContext, tmp_path: Path, language: str
) -> None:
    occasion = make(show=OWN)
    occasion.participant.language = language
    occasion.participant.save()
    for size in (PHONE, DESKTOP):
        for scheme in ("light", "dark"):
            page = new_context(viewport=size, color_scheme=scheme).new_page()
            page.goto(live + link(occasion))
            page.locator("button[name=start]").click()
            if page.locator("input[name=closeness]").count():
                page.locator("input[name=closeness][value='1']").check(force=True)
                page.locator("[name=age]").fill("44")
                page.locator("button[value=next]").click()
            expect(page.get_by_text(TITLE[language])).to_be_visible()
            expect(page.get_by_text(OWN[language])).to_be_visible()
            expect(page.locator("button[value=next]")).to_be_visible()
            name = f"care-{language}-{size['width']}-{scheme}.png"
            page.screenshot(path=tmp_path / name, full_page=True)
            assert accessibility_faults(page) == []
    Alert.objects.update(raised_at=clock.now() - timedelta(minutes=15))
    page.reload()
    expect(page.get_by_text(OWN[language])).to_be_hidden()
    page.get_by_text(TITLE[language]).click()
    expect(page.get_by_text(OWN[language])).to_be_visible()
    page.screenshot(path=tmp_path / f"later-{language}.png", full_page=True)
    assert accessibility_faults(page) == []
