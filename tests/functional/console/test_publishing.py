"""An amendment in the browser: what it does to whom is read first, then exactly that is published."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions
from surveys.design.models import ProtocolVersion
from surveys.design.protocol import Protocol
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.scheduling import amending
from surveys.scheduling.actions import reconcile_now, replan
from surveys.scheduling.models import Occasion
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.functional.console.cast import (
    Stage,
    client_of,
    fingerprint,
    make_staff,
    make_stage,
)
from tests.world import make_participant, protocol_document, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
WAVES = [wave_document("baseline", "P0D"), wave_document("m3", "P4M"), wave_document("m6", "P6M")]


def draft(stage: Stage, **changes: Any) -> None:
    document = protocol_document(**{"waves": WAVES} | changes)
    actions.load(protocol=Protocol.model_validate(document), by=BY, now=clock.now())


def planned(stage: Stage, n: int) -> None:
    """More people, who enrolled yesterday and have a plan."""
    now = clock.now()
    people = [
        make_participant(stage.study, f"P{k:03}", enrolled_at=now - timedelta(days=1))
        for k in range(n)
    ]
    replan(people, by=BY, now=now)


@pytest.fixture
def stage() -> Stage:
    stage = make_stage()
    planned(stage, 2)
    draft(stage)
    return stage


@pytest.fixture
def researcher(stage: Stage) -> Client:
    return client_of(make_staff(Role.RESEARCHER, stage.study))


def publish(client: Client, stage: Stage, read: str, reason: str = "Better times") -> Any:
    return client.post(stage.url("design/publish/"), {"reason": reason, "read": read})


def test_the_preview_names_counts_and_people_and_publishing_does_just_that(
    researcher: Client, stage: Stage
) -> None:
    before = fingerprint()
    design = researcher.get(stage.url("design/")).content.decode()
    assert "See what it does to whom, then publish" in design
    page = researcher.get(stage.url("design/preview/"))
    assert fingerprint() == before
    told = page.context["told"]
    assert (told.n_people, told.n_affected, told.n_under_way) == (3, 3, 1)
    assert (told.counts.created, told.counts.moved) == (3, 3)
    text = page.content.decode()
    assert "Of 3 who take part, <strong>3</strong> get another plan." in text
    assert f'href="{stage.url("people/P001/")}"' in text
    assert "waves[m3].schedule.offset: P3M -&gt; P4M" in text
    assert "1 of them has a questionnaire open now" in text
    done = publish(researcher, stage, page.context["amendment"].read)
    assert done["Location"] == stage.url()
    event = Event.objects.get(event="protocol.adopted")
    assert event.data == {"version": 2, "people": 3, "created": 3, "moved": 3}
    assert event.actor == User.objects.get(email="researcher@study.example").code
    assert set(Participant.objects.values_list("protocol__version", flat=True)) == {2}
    assert Occasion.objects.filter(wave="m6").count() == 3
    assert researcher.get(stage.url("design/preview/"))["Location"] == stage.url("design/")


def test_a_draft_that_changed_since_is_refused_and_shown_anew(
    researcher: Client, stage: Stage
) -> None:
    read = researcher.get(stage.url("design/preview/")).context["amendment"].read
    draft(stage, waves=WAVES[:2])
    page = publish(researcher, stage, read, "for the summer")
    assert page.status_code == 422
    text = page.content.decode()
    assert "replaced or published in the meantime" in text
    assert "for the summer" in text, "what was typed is kept"
    told = page.context["told"].counts
    assert (told.created, told.moved) == (0, 3)
    assert ProtocolVersion.objects.count() == 1
    assert publish(researcher, stage, page.context["amendment"].read).status_code == 302


def test_another_version_published_since_is_refused_too(researcher: Client, stage: Stage) -> None:
    read = researcher.get(stage.url("design/preview/")).context["amendment"].read
    assert publish(researcher, stage, read).status_code == 302
    assert publish(researcher, stage, read).status_code == 422
    assert ProtocolVersion.objects.count() == 2


def test_without_a_reason_the_preview_comes_back(researcher: Client, stage: Stage) -> None:
    read = researcher.get(stage.url("design/preview/")).context["amendment"].read
    page = publish(researcher, stage, read, " ")
    assert page.status_code == 422
    assert "needs a reason" in page.content.decode()


def test_a_long_list_comes_in_pages(researcher: Client, stage: Stage) -> None:
    planned_more = [f"Q{k:03}" for k in range(60)]
    people = [
        make_participant(stage.study, code, enrolled_at=clock.now() - timedelta(days=1))
        for code in planned_more
    ]
    replan(people, by=BY, now=clock.now())
    first = researcher.get(stage.url("design/preview/"))
    assert (len(first.context["people"]), first.context["more"]) == (50, "after=Q046")
    second = researcher.get(f"{stage.url('design/preview/')}?{first.context['more']}")
    codes = [row.code for row in second.context["people"]]
    assert (codes[0], codes[-1], second.context["more"]) == ("Q047", "Q059", "")
    nobody = researcher.get(f"{stage.url('design/preview/')}?after=Z")
    assert "No further participant" in nobody.content.decode()


def test_a_large_study_is_told_that_its_people_follow(
    researcher: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", 2)
    read = researcher.get(stage.url("design/preview/")).context["amendment"].read
    page = researcher.post(
        stage.url("design/publish/"), {"reason": "x", "read": read}, follow=True
    ).content.decode()
    assert "move to it some at a time" in page
    page = researcher.get(stage.url("design/")).content.decode()
    assert "3 participants are still under an earlier version than 2" in page
    assert set(Participant.objects.values_list("protocol__version", flat=True)) == {1}
    amending.adopt_due(now=clock.now())
    assert "still under an earlier" not in researcher.get(stage.url("design/")).content.decode()


def test_somebody_who_may_only_look_gets_no_form(stage: Stage) -> None:
    auditor = client_of(make_staff(Role.AUDITOR, stage.study))
    page = auditor.get(stage.url("design/preview/")).content.decode()
    assert "Publish version" not in page
    assert "P001" in page


@pytest.mark.browser
def test_from_the_draft_to_the_next_version_in_a_browser(live: str, page: Page) -> None:
    stage = make_stage()
    planned(stage, 3)
    draft(stage)
    client = client_of(make_staff(Role.OWNER, stage.study))
    page.context.add_cookies(
        [{"name": name, "value": c.value, "url": live} for name, c in client.cookies.items()]
    )
    page.goto(f"{live}{stage.url('design/')}")
    page.get_by_role("link", name="See what it does to whom").click()
    expect(page.get_by_role("heading", name="Before version 2 is published")).to_be_visible()
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed dict
        assert accessibility_faults(page) == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
    page.get_by_label("Why is it changed?").fill("People were on holiday")
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    assert ProtocolVersion.objects.get(version=2).reason == "People were on holiday"


def test_the_study_page_says_when_plans_were_checked_and_whose_differed(
    researcher: Client, stage: Stage
) -> None:
    assert "not checked yet" in researcher.get(stage.url()).content.decode()
    assert "have not been checked yet" in researcher.get(stage.url("plans/")).content.decode()
    Occasion.objects.filter(participant__code="P001", wave="m3").update(
        state="cancelled", cause="not_in_version"
    )
    owner = Actor.system("test")
    reconcile_now(stage.study, by=owner, now=clock.now(), repair=False)
    page = researcher.get(stage.url()).content.decode()
    assert "plans differ from what the protocol asks for" in page
    page = researcher.get(stage.url("plans/")).content.decode()
    assert "manage.py reconcile --study calm-year" in page
    assert stage.url("people/P001/") in page
    assert "was cancelled" in page
    reconcile_now(stage.study, by=owner, now=clock.now(), repair=True)
    page = researcher.get(stage.url()).content.decode()
    assert "differ from what" not in page
    assert "Somebody asked for it" in researcher.get(stage.url("plans/")).content.decode()


@pytest.mark.browser
def test_the_list_of_differences_in_a_browser(live: str, page: Page) -> None:
    stage = make_stage()
    planned(stage, 3)
    Occasion.objects.filter(wave="m3").update(state="cancelled", cause="not_in_version")
    reconcile_now(stage.study, by=BY, now=clock.now(), repair=False)
    client = client_of(make_staff(Role.OWNER, stage.study))
    page.context.add_cookies(
        [{"name": name, "value": c.value, "url": live} for name, c in client.cookies.items()]
    )
    page.goto(f"{live}{stage.url('plans/')}")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed dict
        assert accessibility_faults(page) == []
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
