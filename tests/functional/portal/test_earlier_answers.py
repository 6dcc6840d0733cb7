"""Somebody names a friend on a phone and reads about that friend on the next page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from surveys.instruments.definition import Instrument
from tests.answering import link, make_answerable
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check, go_on
from tests.functional.test_earlier_answers import asking

pytestmark = pytest.mark.browser

SIZES = {"small": {"width": 320, "height": 640}, "wide": {"width": 1280, "height": 900}}
LONG_WORD = "\u05e9" * 180 + " <b>x</b>"  # Hebrew, and too long for any line


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("has_scripts", [True, False])
def test_a_page_says_what_was_written_before(
    live: str, new_context: NewContext, size: str, has_scripts: bool
) -> None:
    page = new_context(viewport=SIZES[size], java_script_enabled=has_scripts).new_page()
    page.goto(live + link(make_answerable([Instrument.model_validate(asking())])))
    page.get_by_role("button", name="Start").click()
    for name in (LONG_WORD, "Ada"):
        page.get_by_label("Name?").fill(name)
        page.get_by_label("A good friend").check()
        go_on(page)
        group = page.get_by_role("group").first
        expect(group).to_contain_text(f"With {name} (A good friend)?")
        expect(page.locator("bdi b")).to_have_count(0)
        if has_scripts:  # axe and the measuring of the page are scripts
            check(page, f"earlier-{size}-{len(name)}")
        page.get_by_role("button", name="Back").click()
    page.get_by_label("Nobody").check()
    go_on(page)
    expect(page.get_by_label("Years?")).to_be_visible()
    expect(page.get_by_text("With Ada")).to_have_count(0)
