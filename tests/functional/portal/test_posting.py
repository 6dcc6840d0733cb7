"""What counts as a press of a button, and what becomes of a field that is posted twice."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import Settings

from tests.functional.console.cast import fingerprint
from tests.malformed.sending import FORM, JSON
from tests.malformed.stage import EVERY_KIND_AT_ONCE, Target, make_target
from tests.malformed.sweeps import ROUTES, is_for_staff

BUTTONS = {
    "/s/%(token)s/": "start",
    "/address/%(token)s/": "confirm",
    "/copy/%(signed)s/": "load",
    "/j/%(token)s/": "confirm",
}
TAKE_NO_FORM = [
    "/healthz", "/join/%(code)s/sent/", "/readyz", "/survey/thanks/", "/survey/thanks/next.ics",
]  # fmt: skip
WORDS = "Something in this page was not right"
NO_PRESS = [(FORM, b""), (FORM, b"a=b"), (FORM, b"Start=1"), (JSON, b'{"start": 1}'), ("", b"start=1")]  # fmt: skip


@pytest.fixture
def target(db: None, settings: Settings) -> Target:
    settings.PUBLIC_ORIGIN = "http://testserver"
    return make_target()


@pytest.mark.parametrize(("template", "button"), BUTTONS.items())
def test_only_the_name_of_the_button_says_that_somebody_pressed_it(
    client: Client, target: Target, template: str, button: str
) -> None:
    path, before = target.address_of(template), fingerprint()
    shown = client.get(path)
    assert f'name="{button}"' in shown.content.decode()
    for kind, body in NO_PRESS:
        reply = client.generic("POST", path, body, kind)
        assert reply.status_code == 422
        assert f'name="{button}"' in reply.content.decode(), "the button is there again"
    assert fingerprint() == before
    assert client.post(path, {button: "1"}).status_code in {200, 303}
    assert fingerprint() != before


def test_a_language_is_no_start(client: Client, target: Target) -> None:
    path, before = target.address_of("/s/%(token)s/"), fingerprint()
    assert client.post(path, {"language": "de"})["Location"] == path
    assert fingerprint() == before


def test_of_a_field_that_is_posted_twice_no_page_reads_anything(
    client: Client, target: Target
) -> None:
    before, strict = fingerprint(), Client(enforce_csrf_checks=True)
    pages = [route for route in ROUTES if not is_for_staff(route.template)]
    statuses = {}
    for route in pages:
        reply = client.post(target.address(route), "action=stop&action=stop&start=1", FORM)
        statuses[route.template] = reply.status_code
        assert reply.status_code != 400 or WORDS in reply.content.decode()
    assert [path for path, status in statuses.items() if status != 400] == TAKE_NO_FORM
    assert strict.post("/survey/", "mood=1&mood=2", FORM).status_code == 400
    assert fingerprint() == before


def test_an_answer_that_is_posted_twice_is_not_stored(client: Client, target: Target) -> None:
    page = target.page(target.under_way, EVERY_KIND_AT_ONCE.ref)
    sent = [*page.items(), ("near", "1"), ("near", "2")]
    before = fingerprint()
    for action in ("next", "back", "autosave"):
        body = urlencode(
            [("action", action) if name == "action" else (name, v) for name, v in sent]
        )
        reply = client.post(
            "/survey/", body, FORM, headers={"cookie": target.visit(target.under_way)}
        )
        assert reply.status_code == 400
        assert WORDS in reply.content.decode()
    assert fingerprint() == before
