"""The watch itself is watched: a page that breaks the rules must fail its test."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser import PHONE, Watch, accessibility_faults
from tests.conftest import NewContext

pytestmark = pytest.mark.browser


def test_a_clean_page_leaves_no_complaint(live: str, new_context: NewContext) -> None:
    page = new_context(viewport=PHONE).new_page()
    answer = page.goto(f"{live}/healthz")
    assert answer is not None
    assert answer.status == 200


def test_a_request_to_another_origin_is_noted(browser: Browser, live: str) -> None:
    watch = Watch("http://other.invalid")
    context = browser.new_context()
    watch.follow(context)
    context.new_page().goto(f"{live}/healthz")
    context.close()
    assert watch.complaints == [f"request to another origin: {live}/healthz"]


def test_what_the_policy_blocks_is_noted(browser: Browser, live: str) -> None:
    watch = Watch(live)
    context = browser.new_context()
    watch.follow(context)
    page = context.new_page()
    page.route(
        "**/odd",
        lambda route: route.fulfill(
            content_type="text/html",
            headers={"Content-Security-Policy": "default-src 'none'"},
            body="<script>document.title='x'</script>",
        ),
    )
    page.goto(f"{live}/odd")
    context.close()
    assert any("Content-Security-Policy" in line for line in watch.complaints)


def test_a_page_error_is_noted(browser: Browser, live: str) -> None:
    watch = Watch(live)
    context = browser.new_context()
    watch.follow(context)
    page = context.new_page()
    page.route(
        "**/odd",
        lambda route: route.fulfill(
            content_type="text/html", body="<script>throw new Error('broken')</script>"
        ),
    )
    page.goto(f"{live}/odd")
    context.close()
    assert any("broken" in line for line in watch.complaints)


def test_axe_sees_an_unlabelled_field(browser: Browser, live: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route(
        "**/odd",
        lambda route: route.fulfill(
            content_type="text/html", body="<html lang=en><title>t</title><main><h1>t</h1><input>"
        ),
    )
    page.goto(f"{live}/odd")
    faults = accessibility_faults(page)
    context.close()
    assert any(line.startswith("label") for line in faults)
