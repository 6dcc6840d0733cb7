"""What no form of ours sends: it is refused with a 4xx, and nothing is changed."""

from __future__ import annotations

import pytest
from django.test import Client

from surveys.access.models import User
from surveys.access.roles import Role
from tests.functional.console.cast import (
    PASSWORD,
    Stage,
    client_of,
    fingerprint,
    make_staff,
    make_stage,
    uploaded,
)

pytestmark = pytest.mark.django_db

FIELDS = {
    "design/publish/": ("reason", "read"),
    "people/AAAA-0001/withdraw/": ("scope", "reason"),
    "people/AAAA-0001/move/": ("timezone",),
    "people/AAAA-0001/anchor/": ("name", "on"),
    "people/AAAA-0001/pause/": ("until",),
    "people/AAAA-0001/time/": ("at",),
    "people/AAAA-0001/reminders/": ("reminders",),
    "people/AAAA-0001/contact/": ("anything",),
    "exports/new/": ("formats",),
}
PARAMETERS = {
    "people/": ("code", "page"),
    "outbox/": ("state", "kind", "wave", "participant", "when", "page"),
    "activity/": ("page",),
    "exports/": ("page", "seen"),
}
VALUES = ["\0", "x\0y", "\ud7ff\0"]


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def owner(stage: Stage) -> Client:
    return client_of(make_staff(Role.OWNER, stage.study))


@pytest.mark.parametrize("value", VALUES)
def test_a_nul_byte_in_any_field(owner: Client, stage: Stage, value: str) -> None:
    before = fingerprint()
    for path, fields in FIELDS.items():
        for field in fields:
            good = {"scope": "keep_data", "reason": "r", "timezone": "Asia/Tokyo"}
            answer = owner.post(stage.url(path), good | {field: value})
            assert answer.status_code == 400, (path, field)
            assert "Nothing was changed" in answer.content.decode()
    assert fingerprint() == before


@pytest.mark.parametrize("value", VALUES)
def test_a_nul_byte_in_any_parameter(owner: Client, stage: Stage, value: str) -> None:
    for path, names in PARAMETERS.items():
        for name in names:
            assert owner.get(stage.url(path), {name: value}).status_code == 400, (path, name)


def test_a_nul_byte_in_the_path(owner: Client, stage: Stage) -> None:
    for path in (
        stage.url("people/AAAA%00/"),
        stage.url("outbox/%00/"),
        stage.url("exports/%00/"),
        "/console/studies/calm%00/",
    ):
        assert owner.get(path).status_code in {400, 404}, path


def test_a_nul_byte_in_a_files_name(owner: Client, stage: Stage) -> None:
    form = uploaded("a\0b.yaml", b"study: x")
    assert owner.post(stage.url("design/load/"), form).status_code in {400, 422}


@pytest.mark.parametrize(
    "page", ["0", "-1", "999999999999999999999", "9" * 5000, "١", "1.5", "last", ""]
)
def test_any_page_number_shows_a_page(owner: Client, stage: Stage, page: str) -> None:
    for path in PARAMETERS:
        assert owner.get(stage.url(path), {"page": page}).status_code == 200


def test_a_nul_byte_at_the_login(client: Client) -> None:
    User.objects.create_user("somebody@study.example", PASSWORD)
    fields = {"login": "somebody@study.example", "password": PASSWORD}
    for name in fields:
        answer = client.post("/console/account/login/", fields | {name: "x\0y"})
        assert answer.status_code == 200
        assert "_auth_user_id" not in client.session
    assert client.get("/console/account/login/", {"next": "\0"}).status_code < 500


def test_other_sites_cannot_send_a_form(stage: Stage) -> None:
    user = make_staff(Role.OWNER, stage.study)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    before = fingerprint()
    answer = strict.post(stage.url("people/AAAA-0001/move/"), {"timezone": "Asia/Tokyo"})
    assert answer.status_code == 403
    assert "Please send that again" in answer.content.decode()
    assert fingerprint() == before


def test_pages_that_are_not_there_look_like_ours(owner: Client) -> None:
    for path in ("/console/nothing/", "/console/studies/nothing/", "/nothing/"):
        answer = owner.get(path)
        assert answer.status_code == 404
        text = answer.content.decode()
        assert "There is nothing here" in text
        assert ("Go to your studies" in text) is path.startswith("/console/")
