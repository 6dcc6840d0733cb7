"""The whole way of a participant, on narrow and wide screens, light and dark, left and right.

Each walk goes through the pages of the face and has axe look at them; axe needs scripts, so where
there are none the walk looks at the width alone. SHOTS names a folder for pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from surveys.lib import tokens
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable
from tests.arabic import instrument_in_arabic, study_in_arabic
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check
from tests.questionnaires import EVERY_KIND

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Walk:
    """One browser and the person before it."""

    width: int
    scheme: str
    language: str
    has_scripts: bool = True

    def __str__(self) -> str:
        scripts = "" if self.has_scripts else "-plain"
        return f"{self.width}-{self.scheme}-{self.language}{scripts}"


KEPT = {"Baseline", "English", "Deutsch", "Study", "office", "office@study.example"}

WALKS = [
    Walk(320, "light", "en"),
    Walk(320, "dark", "ar"),
    Walk(320, "dark", "de", has_scripts=False),
    Walk(1280, "dark", "en"),
    Walk(1280, "light", "ar", has_scripts=False),
    Walk(3840, "light", "de"),
    Walk(3840, "dark", "ar"),
]


class Walker:
    """Somebody who goes through the pages; `look` checks the one that is open."""

    def __init__(self, page: Page, walk: Walk) -> None:
        self.page = page
        self.walk = walk

    def open(self, address: str, name: str) -> None:
        self.page.goto(address)
        self.look(name)

    def press(self, selector: str, name: str) -> None:
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state()
        self.look(name)

    def look(self, name: str) -> None:
        html = self.page.locator("html")
        expect(html).to_have_attribute("lang", self.walk.language)
        expect(html).to_have_attribute("dir", "rtl" if self.walk.language == "ar" else "ltr")
        expect(self.page.get_by_role("link", name="office@study.example").first).to_be_attached()
        if self.walk.language == "ar":
            assert english(self.page) == [], name
        check(self.page, f"{self.walk}-{name}", has_scripts=self.walk.has_scripts)

    def choose(self, name: str, value: int) -> None:
        self.page.locator(f'.option:has([name="{name}"][value="{value}"])').click()


def english(page: Page) -> list[str]:
    """The Latin words of a page, but for names, addresses and places."""
    words = re.findall(r"[A-Za-z@./_-]{2,}", page.locator("body").inner_text())
    return [word for word in words if word not in KEPT and "/" not in word]


@pytest.fixture
def occasion(request: pytest.FixtureRequest) -> Occasion:
    walk: Walk = request.getfixturevalue("walk")
    return make_answerable(
        [instrument_in_arabic(EVERY_KIND)], language=walk.language, protocol=study_in_arabic()
    )


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_the_whole_way(live: str, new_context: NewContext, walk: Walk, occasion: Occasion) -> None:
    context = new_context(
        viewport={"width": walk.width, "height": 800},
        color_scheme=walk.scheme,
        java_script_enabled=walk.has_scripts,
    )
    walker = Walker(context.new_page(), walk)
    forward, back = 'button[value="next"]', 'button[value="back"]'
    key = occasion.participant.key
    walker.open(f"{live}/me/{tokens.make('me', key)}/", "own-open")
    walker.open(live + link(occasion), "landing")
    walker.press('button[name="start"]', "page")
    walker.press(forward, "unanswered")
    walker.choose("closeness", 6)
    walker.page.locator("#age-field").fill("12")
    walker.press(forward, "wrong")
    walker.page.locator("#age-field").fill("40")
    walker.press(forward, "page-2")
    walker.press(back, "page-again")
    expect(walker.page.locator('[name="closeness"][value="6"]')).to_be_checked()
    expect(walker.page.locator("#age-field")).to_have_value("40")
    walker.page.locator(forward).click()
    walker.choose("agree", 1)
    walker.press(forward, "page-3")
    walker.page.locator(forward).click()
    walker.page.wait_for_url("**/survey/thanks/")
    walker.look("thanks")
    occasion.refresh_from_db()
    assert occasion.state == OccasionState.COMPLETED
    walker.open(live + link(occasion), "finished")
    walker.open(f"{live}/me/{tokens.make('me', key)}/", "own")
    walker.open(f"{live}/u/{tokens.make('unsubscribe', key)}/", "mails")
