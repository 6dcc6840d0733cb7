"""A copy of one's own data: a fresh link by mail, a button, one file with nothing about others."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock, tokens
from surveys.messaging.models import Notification
from surveys.participants.identity import actions as identity
from surveys.participants.identity.actions import NewPerson
from surveys.participants.models import ConsentRecord, Participant
from surveys.portal import copying
from surveys.portal.own_copy import own_copy
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.answering import make_answerable
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.portal.test_links import fingerprint
from tests.functional.portal.test_readdressing import mails
from tests.questionnaires import SHORT
from tests.world import make_message, make_occasion, make_participant

pytestmark = pytest.mark.django_db


def answer(occasion: Occasion, answers: dict[str, object]) -> None:
    Submission.objects.create(
        occasion=occasion, instrument=InstrumentVersion.objects.get(code=SHORT.instrument),
        answers=answers, state="final", started_at=clock.now(), saved_at=clock.now(),
        finished_at=clock.now(),
    )  # fmt: skip


def made(**changes: object) -> Occasion:
    occasion = make_answerable([SHORT], **changes)
    who = occasion.participant
    identity.remember_all([NewPerson(who, "ana@study.example", "Ana")])
    ConsentRecord.objects.create(
        participant=who, version=1, language="en", text_hash="ab12", given_at=clock.now(),
        source="csv",
    )  # fmt: skip
    answer(occasion, {"mood": 3})
    make_message(occasion, state="sent", sent_at=clock.now())
    other = make_participant(who.study, "BBBB-0002")
    answer(make_occasion(other), {"mood": 1})
    return occasion


@pytest.fixture
def occasion() -> Occasion:
    return made()


def person() -> Participant:
    return Participant.objects.get(code="AAAA-0001")


def own() -> str:
    return f"/me/{tokens.make('me', person().key)}/"


def link() -> str:
    (found,) = re.findall(r"http\S+?(/copy/\S+/)", mails()[-1]["text"])
    return str(found)


def test_from_the_own_page_to_the_file(client: Client, occasion: Occasion) -> None:
    assert client.post(own(), {"action": "copy"}).status_code == 303
    assert mails()[-1]["to"] == "ana@study.example"
    before = fingerprint()
    for _ in range(20):
        assert client.get(link()).status_code == client.head(link()).status_code == 200
    assert fingerprint() == before
    reply = client.post(link(), {"load": "1"})
    assert reply["Cache-Control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(reply.content))
    assert archive.namelist() == ["my-data.html", "my-data.json"]
    found = json.loads(archive.read("my-data.json"))
    (one,) = found["answers"]
    (item,) = one["items"]
    assert (item["item"], item["value"]) == ("mood", 3)
    assert item["question"] == SHORT.by_code["mood"].text["en"]
    assert item["answer"]
    assert [mail["kind"] for mail in found["mails"]] == ["invitation"]
    assert [each["text_sha256"] for each in found["consents"]] == ["ab12"]
    page = archive.read("my-data.html").decode()
    assert item["question"] in page
    for file in archive.namelist():
        assert b"BBBB" not in archive.read(file)
        assert b"ana@" not in archive.read(file)
    events = Event.objects.filter(event__startswith="copy.").order_by("pk")
    assert list(events.values_list("event", "actor")) == [
        ("copy.asked", "AAAA-0001"),
        ("copy.made", "AAAA-0001"),
    ]


def test_the_link_ends_after_a_day_and_with_another_address(
    client: Client, occasion: Occasion, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post(own(), {"action": "copy"})
    to = link()
    with monkeypatch.context() as patch:
        patch.setattr(copying, "VALID_FOR", timedelta(seconds=-1))
        assert client.post(to, {"load": "1"}).status_code == 404
    pipeline.correct_address(
        participant=person(), email="b@c.example", by=Actor.system("test"), now=clock.now()
    )
    assert client.post(to, {"load": "1"}).status_code == 404


def test_no_other_link_leads_there(client: Client, occasion: Occasion) -> None:
    for forged in ("x", "a:b:c", signing.dumps(str(person().key), salt="other")):
        assert client.get(f"/copy/{forged}/").status_code == 404


def test_who_has_left_gets_one_until_the_answers_are_erased(
    client: Client, occasion: Occasion
) -> None:
    client.post(f"{own()}leave/", {"scope": "keep_data"})
    receipt = f"/left/{tokens.make('left', person().key)}/"
    assert "Send me the link" in client.get(receipt).content.decode()
    assert client.post(receipt, {"action": "copy"}).status_code == 200
    to = link()
    assert client.post(to, {"load": "1"})["Content-Type"] == "application/zip"
    pipeline.withdraw(
        participant=person(), scope="erase_data", reason="", by=Actor.system("test"),
        now=clock.now(),
    )  # fmt: skip
    assert client.post(to, {"load": "1"}).status_code == 404
    assert client.post(receipt, {"action": "copy"}).status_code == 422


def test_nobody_is_flooded(client: Client, occasion: Occasion) -> None:
    for _ in range(5):
        assert client.post(own(), {"action": "copy"}).status_code == 303
    assert client.post(own(), {"action": "copy"}).status_code == 422
    assert Notification.objects.count() == 5


def test_without_an_address_it_is_said(client: Client, occasion: Occasion) -> None:
    identity.forget(person())
    assert client.post(own(), {"action": "copy"}).status_code == 422


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_in_a_browser(live: str, new_context: NewContext, viewport: dict[str, int]) -> None:
    made(language="de")
    context = new_context(viewport=viewport)
    page = context.new_page()
    page.goto(f"{live}{own()}")
    page.locator("button[value=copy]").click()
    page.goto(f"{live}{link()}")
    assert accessibility_faults(page) == []
    with page.expect_download() as download:
        page.locator("main button").click()
    assert download.value.suggested_filename == "my-data.zip"


def test_it_holds_how_they_joined_and_what_they_signed() -> None:
    who = made().participant
    who.joined_by, who.group, who.panel_id = "sign-up", "class-7", "5f3a"
    who.strata, who.parameters = {"site": "north"}, {"SESSION_ID": "s1"}
    ConsentRecord.objects.update(signed_text="- [x] I take part.")
    found = own_copy(who, "en", clock.now())
    assert found["joining"] == {
        "joined_by": "sign-up", "site": "", "group": "class-7", "panel_id": "5f3a",
        "strata.site": "north", "parameters.SESSION_ID": "s1",
    }  # fmt: skip
    assert [each["signed"] for each in found["consents"]] == ["- [x] I take part."]
