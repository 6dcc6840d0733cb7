"""The researcher's way through the console in a real browser, from the login to an opened bundle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from analytics.formats.bundle import verify
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.database import url_of_tests
from tests.functional.console.cast import PASSWORD, Stage, make_staff, make_stage

pytestmark = [pytest.mark.browser, pytest.mark.processes]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def stage(live: str) -> Stage:
    stage = make_stage()
    make_staff(Role.OWNER, stage.study, email="owner@study.example", password=PASSWORD)
    stage.study.exports.all().delete()
    return stage


@pytest.fixture
def worker(live: str, settings: Settings, tmp_path: Path) -> Iterator[None]:
    """A real Celery worker over the test database, with a folder for exports of its own."""
    settings.EXPORT_DIR = tmp_path / "exports"
    environment = os.environ | {
        "DATABASE_URL": url_of_tests(),
        "VAR_DIR": str(tmp_path),
    }
    command = "celery -A studyplatform worker --pool solo --without-gossip --without-mingle --without-heartbeat"
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command.split()],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        yield
        process.terminate()
        process.wait(20)


def log_in(page: Page, live: str) -> None:
    page.goto(f"{live}/console/")
    page.get_by_label("Email").fill("owner@study.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()


def check(page: Page) -> None:
    """The page as it stands: usable by everybody, light and dark, on a desk and on a phone."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        for size in (DESKTOP, PHONE):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed dict
            what = (page.url, scheme, size["width"])
            assert accessibility_faults(page) == [], what
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert not page.evaluate(wide), what
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # a typed dict


@pytest.mark.usefixtures("worker")
def test_from_the_login_to_an_opened_bundle(
    live: str, stage: Stage, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{live}/console/")
    check(page)
    log_in(page, live)
    check(page)
    look_at_the_study(page, stage)
    read_a_mail(page)
    bundle = take_an_export(page, tmp_path)
    assert verify(bundle) == []
    with zipfile.ZipFile(bundle) as opened:
        people = opened.read("calm-year/participants.csv").decode()
    assert stage.person.code in people
    assert "secret" not in people.lower()

    go_to(page, "Activity")
    expect(page.get_by_text("export.downloaded")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def go_to(page: Page, entry: str) -> None:
    """Follow an entry of the study's menu."""
    page.get_by_role("navigation", name="Study").get_by_role("link", name=entry).click()


def look_at_the_study(page: Page, stage: Stage) -> None:
    page.get_by_role("link", name="A year of calm").click()
    expect(page.get_by_role("row", name="Baseline")).to_contain_text("1")
    check(page)

    go_to(page, "Participants")
    check(page)
    page.get_by_role("link", name=stage.person.code).click()
    page.get_by_text("Baseline", exact=True).click()
    expect(page.get_by_text("The mail server accepted it.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Show name and address").click()
    expect(page.get_by_text("Ada Secret <ada@secret.example>")).to_be_visible()
    assert Event.objects.filter(event="contact.viewed").count() == 1


def read_a_mail(page: Page) -> None:
    go_to(page, "Outbox")
    check(page)
    page.get_by_role("link", name="invitation 1").click()
    body = page.frame_locator("iframe").locator("body")
    expect(body).to_contain_text("Dear ‹name›")
    assert body.evaluate("body => getComputedStyle(body).margin") == "0px", "in its own style"
    check(page)


def take_an_export(page: Page, folder: Path) -> Path:
    """Ask for a bundle, wait until the page by itself says that it is there, and download it."""
    go_to(page, "Exports")
    check(page)
    page.get_by_role("button", name="Make the export").click()
    page.wait_for_url(re.compile(r"/exports/[0-9a-f-]{36}/$"))
    ready = page.get_by_role("button", name="Download the bundle")
    expect(ready).to_be_visible(timeout=60_000)
    check(page)
    with page.expect_download() as taking:
        ready.click()
    bundle = folder / taking.value.suggested_filename
    taking.value.save_as(bundle)
    go_to(page, "Exports")
    check(page)
    return bundle


def test_pages_for_beginners_and_for_trouble(live: str, stage: Stage, page: Page) -> None:
    """The design, the forms, refusals and empty lists."""
    Message.objects.update(state=MessageState.FAILED, why_not="refused", sent_at=None)
    log_in(page, live)
    for path in ("", "design/", "enrol/", "outbox/?state=missed", "people/?code=nobody"):
        page.goto(f"{live}{stage.url(path)}")
        for summary in page.locator("summary").all():
            summary.click()
        check(page)
    page.goto(f"{live}{stage.url('enrol/')}")
    bad = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"email\nx\n"}
    page.get_by_label("Enrolment file").set_input_files(bad)  # type: ignore[arg-type]  # a typed dict
    page.get_by_role("button", name="Enrol everybody").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody was enrolled")
    check(page)
    page.goto(f"{live}{stage.url('people/' + stage.person.code + '/')}")
    page.get_by_text("Lives in another time zone now").click()
    page.get_by_label("Time zone").fill("Mars/Base")
    page.get_by_role("button", name="Change the zone").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    expect(page.get_by_label("Time zone")).to_have_value("Mars/Base")
    check(page)
    page.goto(f"{live}/console/nothing/")
    check(page)


def test_account_pages(live: str, stage: Stage, page: Page) -> None:
    for path in ("password/reset/", "password/reset/done/", "password/reset/key/1-x/"):
        page.goto(f"{live}/console/account/{path}")
        check(page)
    page.goto(f"{live}/console/account/login/")
    page.get_by_label("Email").fill("owner@study.example")
    page.get_by_label("Password").fill("not-the-password-1")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    check(page)
    log_in(page, live)
    page.get_by_role("link", name="The owner").click()
    check(page)
    page.get_by_role("link", name="Second factor").click()
    check(page)
    page.get_by_role("link", name="Activate").click()
    check(page)  # the password is asked for again
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    check(page)
    page.goto(f"{live}/console/account/logout/")
    check(page)


def test_exports_can_be_made_without_javascript(
    live: str, stage: Stage, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    log_in(page, live)
    page.goto(f"{live}{stage.url('exports/')}")
    page.get_by_role("button", name="Make the export").click()
    expect(page.locator("noscript p")).to_be_visible()
    page.reload()
    expect(page.get_by_text("queued").first).to_be_visible()
