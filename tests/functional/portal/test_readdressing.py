"""Another address: asked for on the own page, confirmed behind a mail to it, told to the old one."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib import clock, tokens
from surveys.lib.crypto import Keyring
from surveys.messaging.models import Notification
from surveys.participants.identity import actions as identity
from surveys.participants.identity.actions import NewPerson
from surveys.participants.identity.models import AddressChange
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.portal.test_links import fingerprint
from tests.questionnaires import SHORT
from tests.world import make_participant

pytestmark = pytest.mark.django_db
OLD, NEW = "ana@study.example", "ana.new@elsewhere.example"


@pytest.fixture
def occasion() -> Occasion:
    return made()


def made(**changes: object) -> Occasion:
    occasion = make_answerable([SHORT], **changes)
    identity.remember_all([NewPerson(occasion.participant, OLD, "Ana")])
    return occasion


def person() -> Participant:
    return Participant.objects.get(code="AAAA-0001")


def own(who: Participant) -> str:
    return f"/me/{tokens.make('me', who.key)}/"


def ask(client: Client, email: str = NEW) -> str:
    answer = client.post(own(person()), {"action": "address", "email": email})
    assert answer.status_code == 303
    return client.get(answer["Location"]).content.decode()


def mails() -> list[dict[str, str]]:
    """What waits to be sent, in the order of posting."""
    ring = Keyring.parse(settings.FIELD_KEYS)
    rows = Notification.objects.order_by("pk")
    return [json.loads(ring.decrypt(r.sealed, f"notification:sealed:{r.pk}")) for r in rows]


def confirming() -> str:
    """The path of the link in the last mail."""
    (found,) = re.findall(r"http\S+?(/address/\w+/)", mails()[-1]["text"])
    return str(found)


def address() -> str:
    return identity.contacts_of([person().pk])[person().pk].email


def test_from_the_wish_to_the_new_address(client: Client, occasion: Occasion) -> None:
    earlier = own(person())
    assert "We have sent an e-mail to the new address" in ask(client)
    (mail,) = mails()
    assert mail["to"] == NEW
    assert "A year of calm" in mail["subject"]
    assert address() == OLD
    page = client.get(confirming()).content.decode()
    assert "Is this your new address?" in page
    assert address() == OLD
    to = confirming()
    assert "Your new address is noted" in client.post(to, {"confirm": "1"}).content.decode()
    assert address() == NEW
    told = mails()[-1]
    assert told["to"] == OLD
    assert NEW not in told["text"]
    assert "office@study.example" in told["text"]
    assert client.get(to).status_code == client.post(to, {"confirm": "1"}).status_code == 404
    assert client.get(earlier).status_code == client.get(link(occasion)).status_code == 404
    assert client.get(own(person())).status_code == 200
    assert [e.actor_kind for e in Event.objects.filter(event="contact.corrected")] == [
        "participant"
    ]
    every = json.dumps(list(Event.objects.values("data", "reason", "subject")))
    assert "elsewhere" not in every


def test_looking_changes_nothing(client: Client, occasion: Occasion) -> None:
    ask(client)
    before, to = fingerprint(), confirming()
    for _ in range(20):
        assert client.get(to).status_code == client.head(to).status_code == 200
    assert fingerprint() == before


def test_nobody_learns_whether_an_address_is_taken(client: Client, occasion: Occasion) -> None:
    other = make_participant(occasion.participant.study, "AAAA-0002")
    identity.remember_all([NewPerson(other, "ben@study.example", "Ben")])
    pages = [ask(client, email) for email in (NEW, "ben@study.example", "BEN@study.example", OLD)]
    assert len({re.sub(r'name="csrf\S+" value="\w+"', "", page) for page in pages}) == 1
    assert [mail["to"] for mail in mails()] == [NEW]
    assert not AddressChange.objects.exists()


def test_an_address_that_was_taken_meanwhile_changes_nothing(
    client: Client, occasion: Occasion
) -> None:
    ask(client)
    other = make_participant(occasion.participant.study, "AAAA-0002")
    identity.remember_all([NewPerson(other, NEW, "Ben")])
    before = fingerprint()
    assert client.post(confirming(), {"confirm": "1"}).status_code == 404
    assert fingerprint() == before


def test_a_later_wish_ends_an_earlier_one(client: Client, occasion: Occasion) -> None:
    ask(client)
    first = confirming()
    ask(client, "third@elsewhere.example")
    assert client.get(first).status_code == 404
    client.post(confirming(), {"confirm": "1"})
    assert address() == "third@elsewhere.example"


def test_a_wish_ends_after_three_days_and_is_forgotten(client: Client, occasion: Occasion) -> None:
    ask(client)
    AddressChange.objects.update(expires_at=clock.now())
    assert client.get(confirming()).status_code == 404
    assert client.post(confirming(), {"confirm": "1"}).status_code == 404
    pipeline.sweep(now=clock.now() + timedelta(seconds=1))
    assert not AddressChange.objects.exists()


def test_who_leaves_leaves_no_wish_behind(client: Client, occasion: Occasion) -> None:
    ask(client)
    to = confirming()
    pipeline.withdraw(
        participant=person(), scope="erase_contact", reason="",
        by=Actor.system("test"), now=clock.now(),
    )  # fmt: skip
    assert not AddressChange.objects.exists()
    assert client.post(to, {"confirm": "1"}).status_code == 404


@pytest.mark.parametrize("email", ["", "nobody", "a@b.example, c@d.example", "ä@study.example"])
def test_what_is_no_address_is_said(client: Client, occasion: Occasion, email: str) -> None:
    before = fingerprint()
    answer = client.post(own(person()), {"action": "address", "email": email})
    assert answer.status_code == 422
    assert "such as name@example.org" in answer.content.decode()
    assert fingerprint() == before


def test_strangers_are_not_flooded(client: Client, occasion: Occasion) -> None:
    for n in range(5):
        ask(client, f"stranger{n}@elsewhere.example")
    answer = client.post(own(person()), {"action": "address", "email": NEW})
    assert answer.status_code == 422
    assert Notification.objects.count() == 5


def test_the_receipt_of_leaving_goes_to_the_address_that_is_deleted(
    client: Client, occasion: Occasion
) -> None:
    for _ in range(2):
        client.post(f"{own(person())}leave/", {"scope": "erase_contact"})
    (mail,) = mails()
    assert mail["to"] == OLD
    for words in ("A year of calm", "AAAA-0001", "deleted at once", "/left/"):
        assert words in mail["text"]
    assert identity.contacts_of([person().pk]) == {}
    (receipt,) = re.findall(r"http\S+?(/left/\w+/)", mail["text"])
    assert client.get(receipt).status_code == 200


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_in_a_browser_without_scripts(
    live: str, new_context: NewContext, language: str, viewport: dict[str, int], tmp_path: Path
) -> None:
    made(language=language)
    page = new_context(viewport=viewport, java_script_enabled=False).new_page()
    seen = new_context(viewport=viewport).new_page()
    page.goto(f"{live}{own(person())}")
    page.locator("#email").fill(NEW)
    page.locator("button[value=address]").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.screenshot(path=tmp_path / "own.png", full_page=True)
    for path in (own(person()), confirming()):
        seen.goto(f"{live}{path}")
        assert accessibility_faults(seen) == []
        assert seen.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    page.goto(f"{live}{confirming()}")
    page.locator("main button").click()
    expect(page.locator("main a.button")).to_be_visible()
    page.screenshot(path=tmp_path / "done.png", full_page=True)
    assert address() == NEW
