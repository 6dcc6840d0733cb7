"""The pages that answer why, as people see them: on a desk and on a phone, light and dark."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from surveys.access.roles import Role
from surveys.lib import clock
from surveys.messaging.models import DeliveryAttempt
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.console.cast import Stage, client_of, make_staff, make_stage
from tests.world import make_message

HOUR = timedelta(hours=1)
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def stage(live: str) -> Stage:
    stage = make_stage()
    now = clock.now()
    attempts = [("temporary", "451 4.7.1 please try again later"), ("sent", "250 2.0.0 queued")]
    for n, (outcome, reply) in enumerate(attempts, 1):
        DeliveryAttempt.objects.create(
            message=stage.message, n=n, lease_token=stage.message.pk, outcome=outcome, reply=reply,
            began_at=now - (3 - n) * HOUR, ended_at=now - (3 - n) * HOUR + timedelta(seconds=2),
        )  # fmt: skip
    occasion = stage.message.occasion
    occasion.local = {
        "day": "2027-03-01", "at": "23:00", "zone": "Europe/Berlin", "anchor": "enrollment",
        "rule": "enrollment at 23:00", "anchor_day": "2027-03-01", "guards": ["quiet_hours"],
    }  # fmt: skip
    occasion.save()
    return stage


def visit(new_context: NewContext, live: str, stage: Stage, **options: Any) -> Page:
    """A browser in which an auditor is logged in."""
    session = client_of(make_staff(Role.AUDITOR, stage.study)).cookies["session"].value
    context = new_context(**options)
    context.add_cookies([{"name": "session", "value": session, "url": live}])
    return context.new_page()


def check(page: Page, name: str) -> None:
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed dict
        assert accessibility_faults(page) == [], (page.url, size)
        assert not page.evaluate(TOO_WIDE), (page.url, size)
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder, f"{name}-{size['width']}.png"), full_page=True)


def test_the_answers_are_read_on_any_screen(
    new_context: NewContext, live: str, stage: Stage
) -> None:
    due = clock.now() + HOUR
    waiting = make_message(stage.message.occasion, MessageKind.REMINDER, due_at=due)
    page = visit(new_context, live, stage)
    page.goto(live + stage.url(f"outbox/{stage.message.pk}/"))
    assert page.get_by_role("heading", name="Why was this sent?").is_visible()
    assert page.get_by_text("451 4.7.1 please try again later").is_visible()
    check(page, "sent")
    page.goto(live + stage.url(f"outbox/{waiting.pk}/"))
    assert page.get_by_role("heading", name="Why is this not sent yet?").is_visible()
    assert page.get_by_text("Has its moment come?").is_visible()
    check(page, "waiting")
    page.goto(live + stage.url(f"people/{stage.person.code}/"))
    for summary in page.locator("details.occasion > summary").all():
        summary.click()
    assert page.get_by_text("No invitation was planned because").is_visible()
    check(page, "person")
    page.goto(live + stage.url("outbox/?when="))
    assert page.get_by_text("Reminder 1 waits because its moment comes on").is_visible()
    check(page, "outbox")
    assert Message.objects.count() == 2
