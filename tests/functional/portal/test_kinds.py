"""Every kind of item on its page: in a real browser with JavaScript, and posted without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from surveys.responding.models import Submission
from tests.answering import link, make_answerable
from tests.browser import PHONE
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check, go_on
from tests.questionnaires import MORE_KINDS

pytestmark = pytest.mark.browser

WIDE = {"width": 1280, "height": 900}
ANSWERS = {
    "welcome": None,
    "taken": 1,
    "help": [0],
    "order": [3, 1, 2],
    "born": "1980-02-29",
    "asleep": "23:05",
    "warmth": 51,
    "children": -8,
    "name": "Ada",
    "near": 2,
    "far": -9,
}


def begin(page: Page, live: str) -> None:
    page.goto(live + link(make_answerable([MORE_KINDS])))
    page.get_by_role("button", name="Start").click()


def answers() -> dict[str, object]:
    return dict(Submission.objects.get().answers)


def facts(page: Page) -> None:
    """Fill in the second page; "Nobody" takes "Family" back."""
    page.get_by_label("I have read this.").check()
    page.get_by_label("Family").check()
    page.get_by_label("Nobody").check()
    for label, place in (("Rarely", "2"), ("Sometimes", "3"), ("Often", "1")):
        page.get_by_label(label).select_option(place)
    page.get_by_label("When were you born?").first.fill("1980-02-29")
    page.get_by_label("When do you go to bed?").fill("23:05")


@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_is_answered(
    live: str, new_context: NewContext, size: dict[str, int], scheme: str
) -> None:
    page = new_context(viewport=size, color_scheme=scheme).new_page()
    name = f"kinds-{scheme}-{size['width']}"
    begin(page, live)
    check(page, f"{name}-1")
    go_on(page)
    check(page, f"{name}-2")
    facts(page)
    expect(page.get_by_label("Family")).not_to_be_checked()
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "No answer yet")
    slider.press("ArrowRight")
    expect(page.locator("output")).to_have_text("51")
    check(page, f"{name}-2-full")
    go_on(page)
    page.get_by_label("How many children?").first.fill("2")
    page.get_by_label("Does not apply").check()
    expect(page.get_by_role("spinbutton")).to_have_value("")
    check(page, f"{name}-3")
    go_on(page)
    page.get_by_label("Prefer not to say").check()
    page.get_by_label("First name?").first.fill("Ada")
    expect(page.get_by_label("Prefer not to say")).not_to_be_checked()
    go_on(page)
    check(page, f"{name}-5")
    page.get_by_role("group", name="I am near.").get_by_label("Sometimes").check()
    page.get_by_role("group", name="I am far.").get_by_label("Prefer not to say").check()
    go_on(page)
    expect(page.get_by_text("Your answers are saved")).to_be_visible()
    assert answers() == ANSWERS


def test_a_slider_that_nobody_touched_is_no_answer_and_an_answer_can_be_taken_back(
    live: str, new_context: NewContext
) -> None:
    page = new_context().new_page()
    begin(page, live)
    go_on(page)
    facts(page)
    page.get_by_role("slider").press("Home")
    clear = page.locator("#warmth-question").get_by_role("button", name="Clear this answer")
    clear.click()
    expect(clear).to_be_hidden()
    page.locator("#order-question").get_by_role("button", name="Clear this answer").click()
    go_on(page)
    faulty = page.locator(".summary li")
    expect(faulty).to_have_count(2)
    go_on(page)
    expect(page.get_by_label("How many children?").first).to_be_visible()
    assert (answers()["warmth"], answers()["order"]) == (None, None)


def test_a_set_is_a_row_an_item_on_a_wide_screen_and_a_card_an_item_on_a_phone(
    live: str, new_context: NewContext
) -> None:
    page = new_context(viewport=WIDE).new_page()
    begin(page, live)
    go_on(page)
    facts(page)
    for _ in ("warmth", "children", "name"):  # each is asked for once more
        go_on(page)
        go_on(page)
    near = page.get_by_role("group", name="I am near.")
    columns = [near.get_by_label(label).bounding_box() for label in ("Rarely", "Often")]
    below = page.get_by_role("group", name="I am far.").get_by_label("Rarely").bounding_box()
    assert columns[0]
    assert columns[1]
    assert below
    assert columns[0]["y"] == pytest.approx(columns[1]["y"], abs=1)
    assert columns[0]["x"] == pytest.approx(below["x"], abs=1)
    page.set_viewport_size({"width": 360, "height": 740})
    stacked = [near.get_by_label(label).bounding_box() for label in ("Rarely", "Often")]
    assert stacked[0]
    assert stacked[1]
    assert stacked[0]["x"] == pytest.approx(stacked[1]["x"], abs=1)
    assert stacked[1]["y"] > stacked[0]["y"] + 40


def test_without_javascript_everything_can_be_answered_and_taken_back(
    live: str, new_context: NewContext
) -> None:
    page = new_context(viewport=PHONE, java_script_enabled=False).new_page()
    begin(page, live)
    go_on(page)
    facts(page)
    go_on(page)
    problem = page.locator("#help-question .problem")
    expect(problem).to_have_text("One of these answers cannot stand beside another.")
    page.get_by_label("Family").uncheck()
    page.get_by_label("How warm?").fill("51")
    go_on(page)
    page.get_by_label("How many children?").first.fill("2")
    page.get_by_label("Does not apply").check()
    go_on(page)
    expect(page.locator("#children-question .problem")).to_contain_text("two answers")
    page.get_by_label("How many children?").first.fill("")
    go_on(page)
    page.get_by_label("First name?").first.fill("Ada")
    go_on(page)
    page.get_by_role("group", name="I am near.").get_by_label("Sometimes").check()
    far = page.get_by_role("group", name="I am far.")
    far.get_by_label("Often").check()
    go_on_back(page)
    go_on(page)
    expect(far.get_by_label("Often")).to_be_checked()
    far.get_by_label("No answer").check()
    go_on(page)
    expect(page.locator("#far-question .problem")).to_be_visible()
    far.get_by_label("Prefer not to say").check()
    go_on(page)
    assert re.search("/thanks/", page.url)
    assert answers() == ANSWERS


def go_on_back(page: Page) -> None:
    page.get_by_role("button", name="Back").click()
