"""Leaving over HTTP and in a browser: choose, confirm, and keep a receipt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import expect

from surveys.audit.models import Event
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock, tokens
from surveys.participants.identity import actions as identity
from surveys.participants.identity.actions import NewPerson
from surveys.participants.models import ConsentRecord, Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Message, Occasion
from tests.answering import link, make_answerable
from tests.browser import DESKTOP, PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.portal.test_links import fingerprint
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import make_message

pytestmark = pytest.mark.django_db
ERASING = "erase-collected-data"


def made(withdrawal: str = "keep-collected-data", **changes: object) -> Occasion:
    """Somebody with an address, an answered questionnaire, another begun, a reminder to come."""
    consent = {"version": 1, "text": {"en": "Yes.", "de": "Ja."}, "withdrawal": withdrawal}
    occasion = make_answerable([SHORT, EVERY_KIND], protocol={"consent": consent}, **changes)
    identity.remember_all([NewPerson(occasion.participant, "ana@study.example", "Ana")])
    make_message(occasion, "reminder", due_at=clock.now())
    Submission.objects.create(
        occasion=occasion, instrument=InstrumentVersion.objects.get(code=SHORT.instrument), answers={"mood": 3},
        state="final", started_at=clock.now(), saved_at=clock.now(), finished_at=clock.now(),
    )  # fmt: skip
    return occasion


def path(occasion: Occasion) -> str:
    return f"/me/{tokens.make('me', occasion.participant.key)}/leave/"


def person() -> Participant:
    return Participant.objects.get()


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_looking_at_every_step_changes_nothing(client: Client) -> None:
    occasion = made(ERASING)
    before = fingerprint()
    for _ in range(20):
        for query in ("", "?scope=keep_data", "?scope=erase_data", "?scope=all"):
            for page in (client.get(path(occasion) + query), client.head(path(occasion) + query)):
                assert page.status_code == 200
                assert page["Cache-Control"] == "no-store"
    assert fingerprint() == before


def test_the_own_page_leads_there(client: Client) -> None:
    occasion = made()
    assert path(occasion) in text(client, path(occasion).removesuffix("leave/"))


@pytest.mark.parametrize(
    ("withdrawal", "widest", "n_kept"),
    [("keep-collected-data", "erase_contact", 1), (ERASING, "erase_data", 0)],
)
def test_as_much_is_deleted_as_the_consent_says(
    client: Client, withdrawal: str, widest: str, n_kept: int
) -> None:
    occasion = made(withdrawal)
    offered = re.findall(r'name="scope" value="(\w+)"', text(client, path(occasion)))
    assert offered == ["keep_data", widest]
    confirm = text(client, f"{path(occasion)}?scope={widest}")
    assert "cannot be undone" in confirm
    answer = client.post(path(occasion), {"scope": widest})
    assert answer.status_code == 303
    receipt = text(client, answer["Location"])
    for words in ("A year of calm", "AAAA-0001", "deleted at once", "office@study.example"):
        assert words in receipt
    assert "ana@" not in receipt
    assert (person().status, person().withdrawal_scope) == ("withdrawn", widest)
    assert identity.contacts_of([person().pk]) == {}
    assert Submission.objects.exclude(answers={}).count() == n_kept
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    event = Event.objects.get(event="participant.withdrawn")
    assert (event.actor_kind, event.data) == ("participant", {"scope": widest})


def test_the_promise_counts_to_which_somebody_agreed(client: Client) -> None:
    """A later text that keeps the answers takes nothing back from who agreed to an earlier one."""
    occasion = made()
    ConsentRecord.objects.create(
        participant=occasion.participant, version=7, language="en", text_hash="x",
        given_at=clock.now(), source="csv",
    )  # fmt: skip
    assert "erase_contact" in text(client, path(occasion))
    protocol = occasion.participant.protocol
    consent = {**protocol.document["consent"], "version": 7, "withdrawal": ERASING}
    earlier = {**protocol.document, "consent": consent}
    protocol.study.protocols.create(
        version=2, content_hash="y", document=earlier, published_at=clock.now()
    )
    assert "erase_data" in text(client, path(occasion))


def test_keeping_keeps_and_more_can_be_deleted_later(client: Client) -> None:
    occasion = made(ERASING)
    receipt = client.post(path(occasion), {"scope": "keep_data"})["Location"]
    assert Submission.objects.get().answers == {"mood": 3}
    assert identity.contacts_of([person().pk])
    before = fingerprint()
    assert "?scope" not in receipt
    assert "Delete more?" in text(client, receipt)
    assert "deleted at once" in text(client, f"{receipt}?scope=erase_data")
    assert fingerprint() == before
    client.post(receipt, {"scope": "erase_data"})
    assert Submission.objects.get().answers == {}
    assert "Delete more?" not in text(client, receipt)


def test_pressing_twice_leaves_once_and_shows_the_same_receipt(client: Client) -> None:
    occasion = made()
    answers = [client.post(path(occasion), {"scope": "erase_contact"}) for _ in range(2)]
    assert len({answer["Location"] for answer in answers}) == 1
    assert Event.objects.filter(event="participant.withdrawn").count() == 1


def test_nobody_takes_back_and_nobody_asks_for_more_than_is_offered(client: Client) -> None:
    occasion = made()
    before = fingerprint()
    for scope in ("", "erase_data", "unsubscribed", "\0"):
        assert client.post(path(occasion), {"scope": scope}).status_code == 400
    assert fingerprint() == before
    client.post(path(occasion), {"scope": "erase_contact"})
    assert client.post(path(occasion), {"scope": "keep_data"}).status_code == 400
    assert person().withdrawal_scope == "erase_contact"


def test_old_links_say_nothing_about_who_left(client: Client) -> None:
    occasion = made()
    client.post(path(occasion), {"scope": "keep_data"})
    for address in (path(occasion), path(occasion).removesuffix("leave/")):
        page = text(client, address)
        assert "nothing to do here" in page
        assert "AAAA-0001" not in page
    assert client.get(link(occasion)).status_code == 410


def test_there_is_no_receipt_before_leaving_nor_behind_another_link(client: Client) -> None:
    occasion = made()
    key = occasion.participant.key
    for purpose in ("left", "me", "unsubscribe"):
        assert client.get(f"/left/{tokens.make(purpose, key)}/").status_code == 404
    assert client.get(f"/me/{tokens.make('left', key)}/leave/").status_code == 404


def test_a_form_from_elsewhere_is_refused(client: Client) -> None:
    occasion = made()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(path(occasion), {"scope": "keep_data"}).status_code == 403
    assert person().status == "enrolled"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_all_the_way_without_scripts(
    live: str, new_context: NewContext, language: str, viewport: dict[str, int], tmp_path: Path
) -> None:
    occasion = made(ERASING, language=language)
    page = new_context(viewport=viewport, java_script_enabled=False).new_page()
    seen = new_context(viewport=viewport).new_page()

    def look(name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        seen.goto(page.url)
        assert accessibility_faults(seen) == []
        assert seen.evaluate("document.documentElement.scrollWidth") <= viewport["width"]

    page.goto(f"{live}{path(occasion)}")
    look("choose")
    page.locator("button[value=erase_data]").click()
    look("confirm")
    page.locator("button[value=erase_data]").click()
    expect(page.get_by_text("AAAA-0001", exact=True)).to_be_visible()
    look("receipt")
    assert person().withdrawal_scope == "erase_data"
