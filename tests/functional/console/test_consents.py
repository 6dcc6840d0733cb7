"""What the console says of consents: who agreed to what, who must agree anew, and before publishing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib import clock
from surveys.participants.models import Participant
from tests.browser import accessibility_faults
from tests.functional.console.cast import PASSWORD, Stage, client_of, make_staff, make_stage
from tests.functional.console.test_researcher_journey import check, log_in
from tests.integration.participants.renewal_world import agreed, amend, consent, draft
from tests.world import make_occasion, make_participant

pytestmark = pytest.mark.django_db
PANEL = {"open": True, "panel": {"participant": "PID"}}


def staff(study: Study, role: Role = Role.RESEARCHER) -> Client:
    return client_of(make_staff(role, study))


def text(client: Client, address: str) -> str:
    return re.sub(r"\s+", " ", client.get(address).content.decode())


def two_people() -> Stage:
    stage = make_stage()
    agreed(stage.person)
    agreed(make_participant(stage.study, "BBBB-0002"), version=2)
    return stage


def test_before_publishing_it_says_how_many_must_agree_anew() -> None:
    stage = two_people()
    draft(stage.study, consent(), now=clock.now())
    researcher = staff(stage.study)
    page = text(researcher, stage.url("design/preview/"))
    assert "<strong>1 must agree to the new consent text</strong>" in page
    draft(stage.study, consent(renewal="none"), now=clock.now())
    page = text(researcher, stage.url("design/preview/"))
    assert "They are not asked to agree anew." in page


def test_an_undeclared_change_is_refused_with_its_place() -> None:
    stage = two_people()
    draft(stage.study, consent(renewal=None), now=clock.now())
    researcher = staff(stage.study)
    answer = researcher.post(stage.url("design/publish/"), {"reason": "Better", "read": ""})
    assert answer.status_code == 422
    mark = re.search(r'name="read" value="(\w+)"', answer.content.decode())
    assert mark is not None
    answer = researcher.post(stage.url("design/publish/"), {"reason": "Better", "read": mark[1]})
    assert "consent.renewal: must say for version 2" in answer.content.decode()


def test_counts_and_whom_they_count() -> None:
    stage = two_people()
    researcher = staff(stage.study)
    assert "version 1: 1, version 2: 1</dd>" in text(researcher, stage.url())
    amend(stage.study, now=clock.now())
    page = text(researcher, stage.url())
    assert '?pending=1">1 must agree anew</a>' in page
    page = text(researcher, stage.url("people/?pending=1"))
    assert "AAAA-0001" in page
    assert "BBBB-0002" not in page
    assert "consent pending" in page
    page = text(researcher, stage.url("people/AAAA-0001/"))
    assert "no answers are taken until it is given" in page
    Participant.objects.update(consent_pending_since=None)
    assert "Nobody has to agree" in text(researcher, stage.url("people/?pending=1"))


def test_the_panel_list_names_no_participant_and_leaves_a_trace() -> None:
    stage = make_stage(joining=PANEL)
    Participant.objects.update(panel_id="5f3a", joined_by="sign-up", group="class-7")
    make_occasion(make_participant(stage.study, "BBBB-0002", panel_id="=1+1"), state="completed")
    assert "panel list" not in text(staff(stage.study), stage.url())
    coordinator = staff(stage.study, Role.COORDINATOR)
    assert "Download the panel list" in text(coordinator, stage.url())
    assert coordinator.get(stage.url("panel-list/")).status_code == 405
    assert staff(stage.study, Role.DATA_MANAGER).post(stage.url("panel-list/")).status_code == 404
    assert not Event.objects.filter(event="panel_list.downloaded").exists()
    answer = coordinator.post(stage.url("panel-list/"))
    assert answer["Cache-Control"] == "no-store"
    header, *rows = answer.content.decode().splitlines()
    assert header == "panel_id,completed_baseline,completed_m3"
    assert sorted(rows) == ["'=1+1,1,0", "5f3a,0,0"]
    assert Event.objects.get(event="panel_list.downloaded").data == {"n_people": 2}
    assert "group <span" in text(coordinator, stage.url("people/AAAA-0001/"))


@pytest.mark.browser
@pytest.mark.processes
def test_in_a_browser(live: str, page: Page, tmp_path: Path) -> None:
    """Set SHOTS to a folder to get a picture of every page that is checked."""
    stage = make_stage(joining=PANEL)
    agreed(stage.person)
    make_staff(Role.OWNER, stage.study, email="owner@study.example", password=PASSWORD)
    draft(stage.study, consent(), now=clock.now())
    log_in(page, live)
    look(page, f"{live}{stage.url('design/preview/')}", tmp_path, "must agree to the new consent")
    amend(stage.study, now=clock.now())
    look(page, f"{live}{stage.url()}", tmp_path, "1 must agree anew")
    look(page, f"{live}{stage.url('people/?pending=1')}", tmp_path, "consent pending")


def look(page: Page, address: str, tmp_path: Path, words: str) -> None:
    page.goto(address)
    expect(page.get_by_text(words).first).to_be_visible()
    check(page)
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert accessibility_faults(page) == [], width
        name = f"console-{words.replace(' ', '-')}-{width}.png"
        page.screenshot(path=Path(os.environ.get("SHOTS", tmp_path)) / name, full_page=True)
