"""The instruments' pages: everybody on the staff reads them, researchers add wording."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.instruments import registry
from surveys.instruments.library import published
from surveys.instruments.models import InstrumentVersion
from tests.functional.console.cast import client_of, fingerprint, make_staff, make_stage
from tests.sheets import sheet

pytestmark = pytest.mark.django_db

PAGE = "/console/instruments/phq8/1/"
KEY = published()["phq8@1"]


def form(content: bytes | None = None, **changes: str) -> dict[str, Any]:
    file = SimpleUploadedFile("sheet.csv", sheet(KEY, ["en", "de"]) if content is None else content)
    return {"file": file, "order": "printed", "licence": "Contract 7", **changes}


def researcher(role: Role = Role.RESEARCHER) -> Client:
    return client_of(make_staff(role, make_stage().study))


def test_the_list_has_what_can_be_asked_and_the_keys() -> None:
    page = researcher().get("/console/instruments/").content.decode()
    assert "Published keys without wording" in page
    for one in published().values():
        assert f">{one.ref}<" in page
    assert ">calm@1<" in page


def test_a_key_says_how_sure_it_is_and_every_key_has_a_page() -> None:
    client = researcher()
    for one in published().values():
        answer = client.get(f"/console/instruments/{one.instrument}/1/")
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "This is a key without wording" in page
        assert one.origin is not None
        assert f"<strong>{one.origin.status}</strong>" in page
        assert f'value="{one.origin.order}"' in page
        assert " checked>" not in page  # the order is never guessed
    assert client.get("/console/instruments/nothing/1/").status_code == 404
    assert client.get("/console/instruments/phq8/7/").status_code == 404


def test_a_researcher_uploads_a_sheet_and_finds_the_new_version() -> None:
    client = researcher()
    answer = client.post(PAGE + "wording/", form(), follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [("/console/instruments/phq8/2/", 302)]
    assert "phq8@2 has the wording" in page
    assert "8 of 8" in page
    assert "4 of 4" in page
    assert registry.instrument("phq8@2").languages == ("en", "de")
    event = Event.objects.get(event="instrument.worded")
    assert event.actor == User.objects.get(email="researcher@study.example").code


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (form(order="elsewhere"), "is the key for the order"),
        (form(order="\0"), "is the key for the order"),
        (form(licence=" \0"), "say under which terms"),
        (form(sheet(KEY, without=["phq8_5"])), "has 7 of 8 items; lacks phq8_5"),
        (form(b"\0\xff"), "is not UTF-8"),
        ({"order": "printed", "licence": "x"}, "no file was chosen"),
    ],
)
def test_a_sheet_that_does_not_fit_changes_nothing(sent: dict[str, Any], said: str) -> None:
    client = researcher()
    before = fingerprint()
    answer = client.post(PAGE + "wording/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert fingerprint() == before


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.DATA_MANAGER, Role.AUDITOR])
def test_others_read_and_do_not_write(role: Role) -> None:
    client = researcher(role)
    assert "Add this wording" not in client.get(PAGE).content.decode()
    assert client.post(PAGE + "wording/", form()).status_code == 403
    assert not InstrumentVersion.objects.filter(code="phq8").exists()


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    for path in ("/console/instruments/", PAGE):
        assert client.get(path)["Location"].startswith("/console/account/login/")
    assert client.post(PAGE + "wording/", form())["Location"].startswith("/console/account/login/")
    assert not InstrumentVersion.objects.exists()
