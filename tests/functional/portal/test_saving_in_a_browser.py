"""Answers save themselves in a real browser, also when the network goes away and comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from surveys.lib import clock
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable, window_around
from tests.browser import PHONE
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check, chosen, go_on
from tests.questionnaires import EVERY_KIND
from tests.world import make_occasion

pytestmark = pytest.mark.browser


@pytest.fixture
def occasion() -> Occasion:
    return make_answerable([EVERY_KIND])


@pytest.fixture
def phone(live: str, new_context: NewContext, occasion: Occasion) -> Page:
    """A phone on the first page of questions."""
    page = new_context(viewport=PHONE, has_touch=True).new_page()
    return start(page, live, occasion)


def start(page: Page, live: str, occasion: Occasion, word: str = "Start") -> Page:
    page.goto(live + link(occasion))
    page.get_by_role("button", name=word).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Page")
    return page


def state(page: Page) -> Locator:
    return page.locator("#saving")


def saved(page: Page) -> None:
    expect(state(page)).to_have_attribute("data-state", "saved")
    expect(state(page)).to_have_text("Saved")


def pick(page: Page, nth: int = 5) -> None:
    page.locator(".option").nth(nth).click()


def stored() -> dict[str, object]:
    row = Submission.objects.first()
    return dict(row.answers) if row else {}


def test_each_answer_is_saved_as_it_is_given(phone: Page) -> None:
    pick(phone)
    saved(phone)
    assert stored() == {"closeness": 6}
    phone.get_by_label("How old are you?").fill("12")
    expect(state(phone)).to_contain_text("please check the last value")
    check(phone, "phone-saved-but-one")
    phone.get_by_label("How old are you?").fill("40")
    saved(phone)
    assert stored() == {"closeness": 6, "age": 40}
    row = Submission.objects.get()
    assert row.state == Submission.State.DRAFT
    assert row.paradata["pages"][0]["device"] == "phone"
    phone.get_by_role("button", name="Clear this answer").click()
    saved(phone)
    phone.reload()
    expect(phone.get_by_label("How old are you?")).to_have_value("40")
    assert chosen(phone) == 0


def test_the_network_is_cut_and_comes_back(phone: Page) -> None:
    """What is chosen meanwhile stays on the page, and is saved without another press."""
    phone.context.set_offline(True)
    pick(phone)
    expect(state(phone)).to_have_text("Not saved yet, trying again")
    phone.get_by_label("How old are you?").fill("40")
    check(phone, "phone-offline")
    assert stored() == {}
    phone.context.set_offline(False)
    saved(phone)
    assert stored() == {"closeness": 6, "age": 40}


def test_continue_without_a_network_waits_for_it(phone: Page) -> None:
    pick(phone)
    saved(phone)
    phone.get_by_label("How old are you?").fill("40")
    phone.get_by_label("Hours of sleep?").fill("7,5")
    phone.context.set_offline(True)
    go_on(phone)
    expect(state(phone)).to_have_text("Not saved yet, trying again")
    expect(phone.get_by_label("Hours of sleep?")).to_have_value("7,5")
    phone.context.set_offline(False)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Page 2 of 3")
    assert stored() == {"closeness": 6, "age": 40, "hours": 7.5}


def test_a_server_in_trouble_is_asked_again(phone: Page) -> None:
    failing = [True]

    def answer(route: Route) -> None:
        if failing and route.request.method == "POST":
            route.fulfill(status=503, body="")
        else:
            route.fallback()

    phone.route("**/survey/", answer)
    pick(phone)
    expect(state(phone)).to_have_text("Not saved yet, trying again")
    failing.clear()
    saved(phone)
    assert stored() == {"closeness": 6}


def test_in_two_tabs_neither_takes_back_what_the_other_saved(
    phone: Page, live: str, occasion: Occasion
) -> None:
    tab = start(phone.context.new_page(), live, occasion)
    pick(phone)
    saved(phone)
    tab.get_by_label("How old are you?").fill("40")
    saved(tab)
    assert stored() == {"closeness": 6, "age": 40}


def test_a_page_whose_browser_opened_another_questionnaire_keeps_what_was_typed(
    phone: Page, live: str, occasion: Occasion
) -> None:
    other = make_occasion(occasion.participant, "m3", **window_around(clock.now()))
    start(phone.context.new_page(), live, other)
    pick(phone)
    expect(state(phone)).to_have_text("This page does not save by itself any more")
    assert stored() == {}
    go_on(phone)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Not saved yet")
    phone.get_by_role("button", name="Save these answers").click()
    expect(phone.get_by_role("alert")).to_be_visible()
    assert Submission.objects.get().occasion == occasion
    assert stored() == {"closeness": 6}


def test_back_over_the_boundary_of_an_occasion_mixes_nothing(
    phone: Page, live: str, occasion: Occasion
) -> None:
    """The browser's own Back, from one questionnaire to the page of another."""
    other = make_occasion(occasion.participant, "m3", **window_around(clock.now()))
    pick(phone)
    saved(phone)
    start(phone, live, other)
    for _ in range(3):
        phone.go_back()
    phone.goto(live + link(occasion))
    phone.get_by_role("button", name="Go on").click()
    assert chosen(phone) == 1, "it comes back as it was left"
    assert Submission.objects.get().occasion == occasion


def test_back_and_forth_with_the_browsers_buttons_loses_nothing(phone: Page) -> None:
    pick(phone)
    phone.get_by_label("How old are you?").fill("40")
    saved(phone)
    phone.go_back()
    phone.go_forward()
    expect(phone.get_by_label("How old are you?")).to_have_value("40")
    assert chosen(phone) == 1


def test_digits_answer_for_those_who_switch_it_on(
    live: str, page: Page, occasion: Occasion
) -> None:
    start(page, live, occasion)
    page.keyboard.press("3")
    assert chosen(page) == 0, "not unless somebody wants it"
    page.get_by_label("Answer with the number keys").check()
    page.keyboard.press("3")
    expect(page.get_by_role("radio", name="Slightly disagree")).to_be_checked()
    expect(page.get_by_label("How old are you?")).to_be_focused()
    page.keyboard.type("41")
    expect(page.get_by_label("How old are you?")).to_have_value("41")
    page.reload()
    expect(page.get_by_label("Answer with the number keys")).to_be_checked()
