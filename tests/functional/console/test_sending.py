"""Holding and releasing all mail, by administrators alone."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.lib import clock
from surveys.messaging import breaker
from surveys.messaging.breaker import Breaker
from surveys.messaging.models import SendingHold
from surveys.scheduling.models import Message
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.console.cast import Stage, client_of, make_staff, make_stage

pytestmark = pytest.mark.django_db

PAGE, HOLD, RELEASE = "/console/sending/", "/console/sending/hold/", "/console/sending/release/"


@pytest.fixture
def stage() -> Stage:
    """A study with one mail that is due since yesterday."""
    stage = make_stage()
    yesterday = clock.now() - timedelta(days=1)
    Message.objects.update(state="due", sent_at=None, due_at=yesterday)
    return stage


@pytest.fixture
def admin() -> Client:
    return client_of(User.objects.create_superuser("root@study.example"))


def state(stage: Stage) -> tuple[str, str]:
    stage.message.refresh_from_db()
    return stage.message.state, stage.message.why_not


def test_only_administrators_come_in(stage: Stage) -> None:
    owner = client_of(make_staff(Role.OWNER, stage.study))
    assert owner.get(PAGE).status_code == 404
    for path in (HOLD, RELEASE):
        assert owner.post(path, {"reason": "x"}).status_code == 404
        assert Client().post(path, {"reason": "x"}).status_code == 302
    assert not SendingHold.objects.exists()


def test_a_hold_needs_a_reason_and_is_seen_everywhere(stage: Stage, admin: Client) -> None:
    assert admin.post(HOLD, {"reason": " "}).status_code == 422
    assert admin.post(HOLD, {"reason": "The server moves."}).status_code == 302
    owner = client_of(make_staff(Role.OWNER, stage.study))
    for path in ("/console/", stage.url(), stage.url("outbox/")):
        assert "The server moves." in owner.get(path).content.decode(), path
    assert "1 mail</dd>" in admin.get(PAGE).content.decode()
    assert Event.objects.get().reason == "The server moves."


def test_a_release_asks_what_happens_to_the_past_and_for_a_look(
    stage: Stage, admin: Client
) -> None:
    SendingHold.objects.create(since=clock.now(), reason="old", sent_until=clock.now())
    page = admin.get(PAGE).content.decode()
    assert "Perhaps sent already" in page
    for form in (
        {},
        {"past": "send"},
        {"confirmed": "on"},
        {"past": "doubt", "confirmed": "on", "until": "soon"},
    ):
        assert admin.post(RELEASE, form).status_code == 422
    assert SendingHold.objects.exists()

    until = clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    form = {"past": "doubt", "confirmed": "on", "until": until}
    assert admin.post(RELEASE, form, follow=True).status_code == 200
    assert state(stage) == ("unknown", "restored")
    assert admin.post(RELEASE, form).status_code == 422  # nothing is held any more


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_pages_are_accessible_on_phone_and_desktop(
    live: str, new_context: NewContext, stage: Stage, admin: Client
) -> None:
    SendingHold.objects.create(since=clock.now(), reason="A backup.", sent_until=clock.now())
    root = User.objects.get(email="root@study.example")
    Membership.objects.create(user=root, study=stage.study, role=Role.OWNER, since=clock.now())
    Message.objects.update(state="unknown", why_not="restored")
    for size in (PHONE, DESKTOP):
        context = new_context(viewport=size)
        name, value = (
            settings.SESSION_COOKIE_NAME,
            admin.cookies[settings.SESSION_COOKIE_NAME].value,
        )
        context.add_cookies([{"name": name, "value": value, "url": live}])
        page = context.new_page()
        for path in (
            PAGE,
            stage.url("outbox/?state=unknown"),
            stage.url(f"outbox/{stage.message.pk}/"),
        ):
            page.goto(live + path)
            assert accessibility_faults(page) == [], path
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], path


def test_everything_may_be_sent_instead(stage: Stage, admin: Client) -> None:
    SendingHold.objects.create(since=clock.now(), reason="old")
    admin.post(RELEASE, {"past": "send", "confirmed": "on"})
    assert state(stage) == ("due", "")
    assert not SendingHold.objects.exists()


def test_the_commands_do_the_same_and_show_first(stage: Stage) -> None:
    with pytest.raises(CommandError, match="not held"):
        call_command("release", "--send-all")
    call_command("hold", reason="restoring", stdout=StringIO())
    out = StringIO()
    with pytest.raises(CommandError, match="nothing has changed"):
        call_command("release", stdout=out)
    assert "calm-year: 1 due" in out.getvalue()
    with pytest.raises(CommandError, match="is no time"):
        call_command("release", "--doubt-until", "soon", stdout=out)
    call_command("release", "--doubt-until", clock.now().isoformat(), stdout=out)
    assert "1 messages are left in doubt" in out.getvalue()
    assert state(stage) == ("unknown", "restored")


def test_a_silent_mail_server_is_named_to_researchers(stage: Stage) -> None:
    for _ in range(breaker.FAILURES):
        Breaker("mail.example:25", timedelta(minutes=1)).failed("connect: refused")
    owner = client_of(make_staff(Role.OWNER, stage.study))
    for path in (stage.url(), stage.url("outbox/")):
        words = owner.get(path).content.decode()
        assert "The mail server mail.example has not answered since" in words
