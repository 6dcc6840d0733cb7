"""Staff and alerts: the list, one alert's page, who sees the answers, drills, and both in a browser."""

from __future__ import annotations

import html
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client

from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.lib import clock
from surveys.messaging.models import Notification
from surveys.safety.models import Alert
from surveys.safety.states import AlertState
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.console.cast import (
    CALM_RULE,
    Stage,
    client_of,
    make_alert,
    make_staff,
    make_stage,
)

pytestmark = pytest.mark.django_db

ANSWER = "Calm question 1"
PAGE = "alerts/A-TEST/"


@pytest.fixture
def stage() -> Stage:
    stage = make_stage(safety=[CALM_RULE])
    make_alert(stage)
    return stage


@pytest.fixture
def client(stage: Stage) -> Client:
    return client_of(make_staff(Role.COORDINATOR, stage.study))


def seen(client: Client, url: str) -> str:
    return html.unescape(client.get(url).content.decode())


def test_the_study_shows_what_waits_and_the_menu_counts_it(stage: Stage, client: Client) -> None:
    shown = seen(client, stage.url())
    assert "1 safety alert</a> waits for somebody." in shown
    assert '<span class="count" title="waiting">1</span>' in shown
    auditor = client_of(make_staff(Role.AUDITOR, stage.study))
    assert "safety alert" not in seen(auditor, stage.url())


def test_the_list_marks_what_is_overdue_and_hides_what_is_closed(
    stage: Stage, client: Client
) -> None:
    make_alert(
        stage,
        "A-LATE",
        rule="uneasy2",
        state=AlertState.ESCALATED,
        n_escalations=1,
        escalates_at=clock.now() + timedelta(hours=1),
    )
    make_alert(stage, "A-DONE", rule="uneasy3", state=AlertState.CLOSED, closed_at=clock.now())
    shown = seen(client, stage.url("alerts/"))
    assert "3 in all; 2 wait for somebody" in shown
    assert shown.count('class="overdue">overdue') == 1
    assert "1 overdue." in shown
    assert "A-LATE" in shown
    assert "A-DONE" not in shown
    assert "A-DONE" in seen(client, stage.url("alerts/?show=closed"))
    assert seen(client, stage.url("alerts/?show=all&page=7")).count("/alerts/A-") == 3
    assert "Nobody in this study stands for owner." in shown


def test_answers_are_shown_on_demand_and_that_is_kept(stage: Stage, client: Client) -> None:
    assert ANSWER not in seen(client, stage.url(PAGE))
    shown = html.unescape(client.post(stage.url(f"{PAGE}answers/")).content.decode())
    assert f"<dt>{ANSWER}</dt><dd>2 (Always)</dd>" in shown
    assert "<dt>Score: Calm</dt><dd>1.5</dd>" in shown
    assert "ada@secret.example" not in shown
    event = Event.objects.get(event="alert.answers_viewed")
    assert event.subject == "A-TEST"
    assert client.get(stage.url(f"{PAGE}answers/")).status_code == 405


def test_a_colleague_takes_it_notes_and_closes(stage: Stage, client: Client) -> None:
    assert client.post(stage.url(f"{PAGE}note/"), {"note": "x", "close": "1"}).status_code == 422
    assert client.post(stage.url(f"{PAGE}acknowledge/")).status_code == 302
    again = client.post(stage.url(f"{PAGE}acknowledge/"), follow=True).content.decode()
    assert "Somebody has acknowledged it already." in again
    client.post(stage.url(f"{PAGE}note/"), {"note": "Called <b>twice</b>"})
    empty = client.post(stage.url(f"{PAGE}note/"), {"note": " ", "close": "1"})
    assert (empty.status_code, b"Write a note" in empty.content) == (422, True)
    client.post(stage.url(f"{PAGE}note/"), {"note": "Is safe", "close": "1"})
    shown = client.get(stage.url(PAGE)).content.decode()
    assert "Called &lt;b&gt;twice" in shown
    assert "Closed, The coordinator." in shown
    assert "<textarea" not in shown
    assert "safety alert</a> wait" not in seen(client, stage.url())


def test_alerts_of_other_studies_do_not_exist(stage: Stage, client: Client) -> None:
    other = make_stage("other", safety=[CALM_RULE])
    make_alert(other, "A-OTHER")
    assert client.get(other.url("alerts/A-OTHER/")).status_code == 404
    assert client.get(stage.url("alerts/A-OTHER/")).status_code == 404
    assert client.post(stage.url("alerts/A-OTHER/acknowledge/")).status_code == 404


def test_a_drill_is_started_marked_and_its_result_told(stage: Stage, client: Client) -> None:
    assert client.post(stage.url("alerts/drill/"), {"rule": "none"}).status_code == 422
    answer = client.post(stage.url("alerts/drill/"), {"rule": "uneasy"}, follow=True)
    alert = Alert.objects.get(is_drill=True)
    shown = answer.content.decode()
    assert "This is a drill. No participant is concerned." in shown
    assert "0 of 1 mail went out. Nobody has acknowledged it yet." in shown
    assert "Show what was answered" not in shown
    assert client.post(stage.url(f"alerts/{alert.code}/answers/")).status_code == 200
    client.post(stage.url(f"alerts/{alert.code}/acknowledge/"))
    done = client.get(stage.url(f"alerts/{alert.code}/")).content.decode()
    assert "acknowledged the drill after less than a minute" in done
    assert "1 in all" in seen(client, stage.url("alerts/"))
    assert '<span class="badge-plain">drill</span>' in seen(client, stage.url("alerts/"))


def test_mails_that_are_stuck_are_told_on_every_page_of_alerts(
    stage: Stage, client: Client
) -> None:
    Notification.objects.create(key="k", about="A-TEST", is_urgent=True, sealed="x")
    assert "do not go out" not in seen(client, stage.url())
    Notification.objects.update(posted_at=F("posted_at") - timedelta(minutes=11))
    for path in ("", "alerts/", PAGE):
        assert "do not go out" in seen(client, stage.url(path)), path


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_are_accessible(
    stage: Stage, client: Client, live: str, new_context: NewContext, tmp_path: Path
) -> None:
    make_alert(stage, "A-LATE", rule="uneasy2", state=AlertState.ESCALATED, n_escalations=2)
    Alert.objects.filter(code="A-LATE").update(rule="uneasy", occasion=None, is_drill=True)
    client.post(stage.url("alerts/drill/"), {"rule": "uneasy"})
    client.post(stage.url(f"{PAGE}acknowledge/"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    for size in (PHONE, DESKTOP):
        for scheme in ("light", "dark"):
            context = new_context(viewport=size, color_scheme=scheme)
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live}])
            page = context.new_page()
            for n, path in enumerate(("", "alerts/", PAGE, "alerts/A-LATE/")):
                page.goto(live + stage.url(path))
                page.screenshot(path=tmp_path / f"{size['width']}-{scheme}-{n}.png", full_page=True)
                assert accessibility_faults(page) == [], path
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= size["width"], path
            page.goto(live + stage.url(PAGE))
            page.get_by_role("button", name="Show what was answered").click()
            assert page.get_by_text(ANSWER).is_visible()
            assert accessibility_faults(page) == []
