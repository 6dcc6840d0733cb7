"""What researchers read of drawn orders and attention items, and what participants see of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from surveys.access.roles import Role
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.console.cast import client_of, make_staff
from tests.integration.analytics.study import begun, submit
from tests.questionnaires import SHUFFLED

PAGE = "/console/instruments/shuffled/1/"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def occasion(live: str) -> Occasion:
    return make_answerable([SHUFFLED])


def test_the_instruments_page_says_what_differs_between_people(occasion: Occasion) -> None:
    study = occasion.participant.study
    page = client_of(make_staff(Role.AUDITOR, study)).get(PAGE).content.decode()
    assert "Shuffled items: in an order drawn for each person, who keeps it." in page
    assert "Shuffled options of helpers: in an order drawn for each person" in page
    assert "“I was born on the moon.”, never scored: passed with 1 or 2." in page


def test_who_may_export_sees_how_many_attention_items_were_passed(occasion: Occasion) -> None:
    person = occasion.participant
    submit(begun(person, "m3", "completed"), "shuffled", {"a": 1, "instructed": 5, "bogus": 4})
    for role, sees in ((Role.RESEARCHER, True), (Role.AUDITOR, False)):
        client = client_of(make_staff(role, person.study))
        url = f"/console/studies/{person.study.code}/people/{person.code}/"
        page = client.get(url).content.decode()
        assert ("Attention items: 1 of 2 passed." in page) is sees


def test_the_researchers_pages_are_read_on_any_screen(
    new_context: NewContext, live: str, occasion: Occasion
) -> None:
    study, code = occasion.participant.study, occasion.participant.code
    submit(begun(occasion.participant, "m3", "completed"), "shuffled", {"instructed": 5})
    session = client_of(make_staff(Role.RESEARCHER, study)).cookies["session"].value
    context = new_context()
    context.add_cookies([{"name": "session", "value": session, "url": live}])
    page = context.new_page()
    page.goto(live + PAGE)
    looked_at(page, "instrument")
    page.goto(f"{live}/console/studies/{study.code}/people/{code}/")
    for summary in page.locator("details.occasion > summary").all():
        summary.click()
    assert page.get_by_text("Attention items: 1 of 1 passed.").is_visible()
    looked_at(page, "participant")


def test_a_page_in_a_drawn_order_says_nothing_of_attention(
    new_context: NewContext, live: str, occasion: Occasion
) -> None:
    page = new_context().new_page()
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").click()
    looked_at(page, "shuffled")
    legends = page.locator("legend").all_inner_texts()
    assert "attention" not in page.content().lower()
    page.get_by_role("group", name="Please choose").get_by_label("Mostly").check()
    page.get_by_role("button", name="Continue").click()
    assert page.locator("legend").all_inner_texts() == legends, "the same order again"
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/thanks/**")
    row = Submission.objects.get()
    codes = {str(item.text["en"]): item.code for item in SHUFFLED.items}
    assert row.paradata["order"] == ["welcome", *(codes[legend] for legend in legends)]
    assert row.answers["instructed"] == 4


def looked_at(page: Page, name: str) -> None:
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed dict
        assert accessibility_faults(page) == []
        assert not page.evaluate(TOO_WIDE)
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder, f"{name}-{size['width']}.png"), full_page=True)
