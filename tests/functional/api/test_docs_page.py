"""The API's page in a real browser, under the strict policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_the_page_describes_every_call_without_breaking_the_policy(live: str, page: Page) -> None:
    page.goto(f"{live}/api/")
    expect(page.get_by_role("heading", name="Study platform")).to_be_visible()
    expect(page.locator(".opblock")).to_have_count(18)
    page.get_by_role(
        "button", name="POST /api/v1/studies/{study}/participants/", exact=True
    ).click()
    expect(page.get_by_text("Enrolled before")).to_be_visible()
