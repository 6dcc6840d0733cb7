"""The pages are light and nothing moves on them: bytes on the wire, requests, layout shift.

The web server of the tests compresses nothing, and neither does gunicorn: a proxy does. So these
are the most bytes that a phone ever gets.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from surveys.instruments.library import shipped
from tests.answering import link, make_answerable
from tests.browser import PHONE
from tests.conftest import NewContext
from tests.functional.portal.test_journey import go_on, tick

pytestmark = pytest.mark.browser

MOST_BYTES = 40_000
MOST_REQUESTS = 3  # the page and two more
MOVED = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Wire:
    """What comes over the network to one page, headers and all."""

    def __init__(self, page: Page) -> None:
        self.requests: dict[str, str] = {}
        self.n_bytes = 0
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)

    def _sent(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            self.requests[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.requests:
            self.n_bytes += int(event["encodedDataLength"])

    def start(self) -> None:
        """Count from here."""
        self.requests.clear()
        self.n_bytes = 0


def moved(page: Page) -> float:
    """The layout shift since the page was opened, but for what an answer moves."""
    return float(page.evaluate("window.moved"))


def test_the_first_pages_are_light_and_stand_still(live: str, new_context: NewContext) -> None:
    library = {instrument.instrument: instrument for instrument in shipped()}
    occasion = make_answerable([library["attachment-orientation"], library["demographics"]])
    context = new_context(viewport=PHONE, has_touch=True)
    context.add_init_script(MOVED)
    page = context.new_page()
    wire = Wire(page)
    page.goto(live + link(occasion), wait_until="networkidle")
    assert 1 < len(wire.requests) <= MOST_REQUESTS, wire.requests
    assert 1_000 < wire.n_bytes < MOST_BYTES
    assert moved(page) == 0

    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Page 1 of 3")
    wire.start()
    page.reload(wait_until="networkidle")
    assert 2 < len(wire.requests) <= MOST_REQUESTS, wire.requests
    assert wire.n_bytes < MOST_BYTES
    tick(page, 3)
    expect(page.locator("#saving")).to_have_attribute("data-state", "saved")
    assert moved(page) == 0, "neither a chosen answer nor the word that it is saved moves anything"
    go_on(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Page 2 of 3")
    assert moved(page) == 0


def test_the_observer_would_notice_what_moves(live: str, new_context: NewContext) -> None:
    """The control for the test above."""
    context = new_context(viewport=PHONE)
    context.add_init_script(MOVED)
    page = context.new_page()
    page.goto(live + link(make_answerable()))
    page.wait_for_timeout(200)
    page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('p'), {textContent: 'x'}))"
    )
    page.wait_for_function("window.moved > 0")
