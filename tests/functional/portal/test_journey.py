"""A participant's way through a questionnaire, in a real browser.

Set SHOTS to a folder to get a picture of every page that is checked.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from surveys.instruments.definition import Instrument
from surveys.instruments.library import shipped
from surveys.lib import clock
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable, window_around
from tests.browser import PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.questionnaires import EVERY_KIND
from tests.world import make_occasion

pytestmark = pytest.mark.browser

NARROW = {"width": 320, "height": 640}


def asked() -> list[Instrument]:
    """What the demo study asks first: facts with a number, then statements to agree with."""
    library = {instrument.instrument: instrument for instrument in shipped()}
    return [library["demographics"], library["attachment-orientation"]]


def check(page: Page, name: str, *, has_scripts: bool = True) -> None:
    """Nothing that axe finds, nothing that sticks out sideways."""
    if has_scripts:
        assert accessibility_faults(page) == [], name
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert width <= 0, f"{name} is {width} px too wide"
    if os.environ.get("SHOTS"):
        path = Path(os.environ["SHOTS"]) / f"portal-{name}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")


def tick(page: Page, nth: int) -> None:
    """Choose the nth answer of every question on the page, as a finger would."""
    for question in page.locator("fieldset").all():
        question.locator(".option").nth(nth).click()


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def chosen(page: Page) -> int:
    return page.locator("input[type=radio]:checked").count()


def test_answering_on_a_phone_and_going_on_in_a_second_browser(
    live: str, new_context: NewContext
) -> None:
    occasion = make_answerable(asked())
    page = new_context(viewport=PHONE, has_touch=True, device_scale_factor=2).new_page()
    page.goto(live + link(occasion))
    check(page, "phone-landing")
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(f"{live}/survey/")
    check(page, "phone-facts")
    assert chosen(page) == 0, "nothing is chosen beforehand"

    tick(page, 1)
    page.get_by_label("How old are you?").fill("41")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Page 2 of 3")

    tick(page, 4)
    check(page, "phone-statements")
    go_on(page)
    page.locator(".option").nth(2).click()
    page.get_by_role("button", name="Back").click()
    assert chosen(page) == 6, "the earlier page comes back as it was left"
    go_on(page)
    assert chosen(page) == 1, "and so does what was typed before going back"

    second = new_context(viewport=PHONE).new_page()
    second.goto(live + link(occasion))
    check(second, "phone-welcome-back")
    second.get_by_role("button", name="Go on").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Page 3 of 3")
    assert chosen(second) == 1
    tick(second, 0)
    go_on(second)
    expect(second).to_have_url(f"{live}/survey/thanks/")
    check(second, "phone-thanks")

    final = Submission.objects.get(instrument__code="attachment-orientation")
    assert list(final.answers.values()) == [5] * 6 + [1] * 6
    assert final.paradata["pages"][0]["seconds"] <= 60
    page.reload()
    expect(page).to_have_url(f"{live}/survey/thanks/")


def test_what_is_left_out_or_wrong_is_pointed_out_with_a_way_there(
    live: str, new_context: NewContext
) -> None:
    occasion = make_answerable(asked())
    page = new_context(viewport=PHONE).new_page()
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").click()
    go_on(page)
    expect(page.get_by_role("alert")).to_be_focused()
    check(page, "phone-unanswered")
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_label("How old are you?")).to_be_focused()
    page.keyboard.type("12")
    tick(page, 1)
    go_on(page)
    check(page, "phone-wrong")
    expect(page.get_by_label("How old are you?")).to_have_value("12")


def test_options_are_large_enough_for_a_thumb(live: str, new_context: NewContext) -> None:
    occasion = make_answerable(asked())
    page = new_context(viewport=PHONE).new_page()
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").click()
    for target in page.locator(".option:visible, .actions button").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["width"] >= 240


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_wide_screen_in_german_the_options_stand_in_one_row(
    live: str, new_context: NewContext, scheme: str
) -> None:
    occasion = make_answerable(asked()[1:], language="de")
    page = new_context(color_scheme=scheme).new_page()
    page.goto(live + link(occasion))
    check(page, f"wide-{scheme}-landing")
    page.get_by_role("button", name="Beginnen").click()
    tick(page, 2)
    check(page, f"wide-{scheme}-statements")
    boxes = [box.bounding_box() for box in page.locator("fieldset").first.locator(".option").all()]
    assert len({round(box["y"]) for box in boxes if box}) == 1
    for _ in range(2):
        page.get_by_role("button", name="Weiter").click()
    page.get_by_role("button", name="Weiter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Vielen Dank")
    check(page, f"wide-{scheme}-thanks")


def test_without_javascript_everything_works(live: str, new_context: NewContext) -> None:
    occasion = make_answerable([EVERY_KIND])
    page = new_context(java_script_enabled=False, viewport=PHONE).new_page()
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Clear this answer")).to_have_count(0)
    page.locator(".option").nth(5).click()
    page.get_by_label("How old are you?").fill("40")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_label("How old are you?")).to_have_value("40")
    page.get_by_role("button", name="English").click()
    page.get_by_label("Hours of sleep?").fill("7,5")
    page.get_by_label("Hours of sleep?").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Page 2 of 3")
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("Hours of sleep?")).to_have_value("7.5")
    go_on(page)
    page.get_by_role("radio", name="Yes").check()
    go_on(page)
    go_on(page)
    expect(page).to_have_url(f"{live}/survey/thanks/")
    assert Occasion.objects.get(pk=occasion.pk).state == OccasionState.COMPLETED


def test_an_answer_can_be_taken_back(live: str, page: Page) -> None:
    occasion = make_answerable([EVERY_KIND])
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").click()
    question = page.locator("fieldset").first
    clear = question.get_by_role("button", name="Clear this answer")
    expect(clear).to_be_hidden()
    question.locator(".option").nth(3).click()
    clear.click()
    assert chosen(page) == 0


def test_the_keyboard_alone_is_enough(live: str, page: Page) -> None:
    occasion = make_answerable([EVERY_KIND])
    page.goto(live + link(occasion))
    page.get_by_role("button", name="Start").press("Enter")
    page.get_by_role("radio", name="Strongly disagree").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Slightly disagree")).to_be_checked()


def test_right_to_left_in_a_language_that_the_platform_lacks(
    live: str, new_context: NewContext
) -> None:
    occasion = make_answerable([EVERY_KIND], language="he", protocol={"languages": ["he", "en"]})
    page = new_context(viewport=NARROW).new_page()
    page.goto(live + link(occasion))
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_class("mixed")  # its own words are English
    page.get_by_role("button", name="Start").click()
    go_on(page)
    check(page, "narrow-rtl")


def test_a_dead_link_on_a_phone(live: str, new_context: NewContext) -> None:
    page = new_context(viewport=PHONE).new_page()
    page.goto(f"{live}/s/nothing/")
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not lead anywhere")
    check(page, "phone-dead-link")


def test_two_questionnaires_in_one_browser_do_not_mix(live: str, new_context: NewContext) -> None:
    first = make_answerable([EVERY_KIND])
    other = make_occasion(first.participant, "m3", **window_around(clock.now()))
    context = new_context(viewport=PHONE)
    page, tab = context.new_page(), context.new_page()
    for each, occasion in ((page, first), (tab, other)):
        each.goto(live + link(occasion))
        each.get_by_role("button", name="Start").click()
    page.get_by_label("How old are you?").fill("40")
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Not saved yet")
    check(page, "phone-held")
    page.get_by_role("button", name="Save these answers").click()
    expect(page.get_by_role("alert")).to_contain_text("1 question is not answered yet")
    assert Submission.objects.get().occasion == first
