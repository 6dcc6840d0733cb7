"""Joining in a real browser: on a phone and a desktop, in German, dark, and without JavaScript.

Set SHOTS to a folder to get a picture of every page that is checked.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from surveys.lib import tokens
from surveys.participants.identity.models import SignUp
from surveys.participants.models import Participant
from tests.browser import DESKTOP, PHONE
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check
from tests.integration.participants.joining_world import open_study

pytestmark = pytest.mark.browser

PATH = "/join/calm-year/"
ABOUT = {
    "text": {"en": "## Four times\n\nTen minutes each.", "de": "## Vier Mal\n\nJe zehn Minuten."}
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("phone", {"viewport": PHONE, "has_touch": True}),
        ("desktop-dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
        ("plain", {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
    ],
)
def test_somebody_joins(
    live: str, new_context: NewContext, name: str, options: dict[str, Any]
) -> None:
    cache.clear()
    open_study(block={**ABOUT, "groups": [{"code": "a1"}]})
    page = new_context(timezone_id="Asia/Tokyo", **options).new_page()
    page.goto(f"{live}{PATH}")
    look(page, name, "about", "Take part in this study")
    go_on(page)
    go_on(page)
    look(page, name, "screener-again", "Does the study fit you?")
    page.get_by_label("How old are you?").fill("34")
    page.get_by_text("North").click()
    go_on(page)
    look(page, name, "consent", "Your consent")
    page.get_by_text("I have read this.").click()
    page.get_by_role("button", name="I agree").click()
    if name == "plain":  # a browser with scripts still lets the server say it
        look(page, name, "consent-again", "Your consent")
    page.get_by_text("I take part.").click()
    page.get_by_role("button", name="I agree").click()
    look(page, name, "details", "Where we write to you")
    zone = "Europe/Berlin" if name == "plain" else "Asia/Tokyo"
    expect(page.get_by_label("Time zone that you live in")).to_have_value(zone)
    page.get_by_label("E-mail address").fill("ada@mail.example")
    page.get_by_role("button", name="Sign up").click()
    look(page, name, "sent", "Please look into your mailbox")
    page.goto(f"{live}/j/{tokens.make('joining', SignUp.objects.get().pk)}/")
    look(page, name, "confirm", "Do you want to take part?")
    page.get_by_role("button", name="Yes, take part").click()
    look(page, name, "joined", "You take part")
    assert Participant.objects.get().timezone == zone


def test_in_german(live: str, new_context: NewContext) -> None:
    cache.clear()
    open_study(block=ABOUT)
    page = new_context(viewport=PHONE, locale="de-AT").new_page()
    page.goto(f"{live}{PATH}")
    look(page, "german", "about", "An dieser Studie teilnehmen")
    page.get_by_role("button", name="Weiter").click()
    page.get_by_label("Wie alt sind Sie?").fill("15")
    page.get_by_text("Norden").click()
    page.get_by_role("button", name="Weiter").click()
    look(page, "german", "not-eligible", "Diese Studie passt nicht zu Ihnen")


def look(page: Page, name: str, what: str, heading: str) -> None:
    expect(page.get_by_role("heading", level=1).first).to_have_text(heading)
    if name != "plain":  # axe needs scripts
        check(page, f"join-{name}-{what}")


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()
