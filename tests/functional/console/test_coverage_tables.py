"""The coverage tables in a real browser: on a phone and a desk, light and dark, for everybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from surveys.access.roles import Role
from tests.functional.console.cast import PASSWORD, make_staff
from tests.functional.console.test_coverage import a_study
from tests.functional.console.test_researcher_journey import check, log_in

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_the_tables_can_be_read_by_everybody(live: str, page: Page, tmp_path: Path) -> None:
    study = a_study()
    make_staff(Role.OWNER, study, email="owner@study.example", password=PASSWORD)
    log_in(page, live)
    page.goto(f"{live}/console/studies/{study.code}/design/")
    expect(page.get_by_role("heading", name="Planned missing and coverage")).to_be_visible()
    for summary in page.locator("details:has(table.coverage) > summary").all()[1:]:
        summary.click()
    check(page)
    page.screenshot(path=tmp_path / "desk.png", full_page=True)
    page.set_viewport_size({"width": 360, "height": 740})
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
