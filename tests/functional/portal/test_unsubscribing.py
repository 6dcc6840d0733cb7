"""No more mails: by a mail program's own button, by the page, and back again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib import clock, tokens
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState, OccasionState, WhyNot
from tests.answering import link, make_answerable
from tests.functional.portal.test_links import fingerprint
from tests.world import make_message, make_occasion

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def occasion() -> Occasion:
    """An open one with a reminder to come, and another one three months on."""
    now = clock.now()
    occasion = make_answerable()
    make_message(occasion, state=MessageState.SENT, sent_at=now, due_at=now)
    make_message(occasion, "reminder", due_at=now + timedelta(days=3))
    opens_at = now + timedelta(days=90)
    later = make_occasion(
        occasion.participant, "m3", state=OccasionState.PLANNED,
        opens_at=opens_at, closes_at=opens_at + timedelta(days=14),
    )  # fmt: skip
    make_message(later, due_at=opens_at)
    make_message(later, "reminder", due_at=opens_at + timedelta(days=3))
    return occasion


@pytest.fixture
def program() -> Client:
    """A mail program: without cookies, and refused wherever a form needs its token."""
    return Client(enforce_csrf_checks=True)


def path(occasion: Occasion, purpose: str = "unsubscribe") -> str:
    return f"/u/{tokens.make(purpose, occasion.participant.key)}/"


def states() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("due_at").values_list("state", "why_not"))


def test_looking_changes_nothing(client: Client, occasion: Occasion) -> None:
    before = fingerprint()
    for _ in range(5):
        assert client.get(path(occasion)).status_code == 200
        assert client.head(path(occasion)).status_code == 200
    assert fingerprint() == before


def test_one_click_ends_the_mails_without_cookies_and_without_redirect(
    program: Client, occasion: Occasion
) -> None:
    answer = program.post(path(occasion), ONE_CLICK)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert states() == [("sent", "")] + 3 * [("cancelled", WhyNot.UNSUBSCRIBED)]
    assert Participant.objects.get().unsubscribed_at is not None


def test_one_click_as_a_form_of_parts_counts_too(program: Client, occasion: Occasion) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n'
        b"--b--\r\n"
    )
    kind = "multipart/form-data; boundary=b"
    assert program.post(path(occasion), body, content_type=kind).status_code == 200
    assert Participant.objects.get().unsubscribed_at is not None


def test_it_can_be_posted_again_and_is_on_record_once(program: Client, occasion: Occasion) -> None:
    program.post(path(occasion), ONE_CLICK)
    before = fingerprint()
    assert program.post(path(occasion), ONE_CLICK).status_code == 200
    assert fingerprint() == before
    event = Event.objects.get(event="participant.unsubscribed")
    assert (event.actor_kind, event.subject) == ("participant", occasion.participant.code)


@pytest.mark.parametrize("purpose", ["occasion", "me"])
def test_a_token_for_something_else_leads_nowhere(
    program: Client, occasion: Occasion, purpose: str
) -> None:
    assert program.post(path(occasion, purpose), ONE_CLICK).status_code == 404
    assert Participant.objects.get().unsubscribed_at is None


def test_a_forged_token_and_an_empty_post_change_nothing(
    program: Client, occasion: Occasion
) -> None:
    before = fingerprint()
    genuine = path(occasion)
    forged = genuine[:-6] + ("b" if genuine[-6] != "b" else "c") + genuine[-5:]
    assert program.post(forged, ONE_CLICK).status_code == 404
    assert program.post(genuine, {}).status_code == 400
    assert fingerprint() == before


def test_who_wants_no_mails_still_takes_part(client: Client, occasion: Occasion) -> None:
    page = client.post(path(occasion), ONE_CLICK).content.decode()
    assert "You still take part" in page
    assert "leave the study altogether, write to <bdi>Study office</bdi>" in page
    assert client.post(link(occasion), {"start": "1"}).status_code == 303
    assert Participant.objects.get().status == "enrolled"


def test_mails_start_again_with_what_is_ahead_and_open(client: Client, occasion: Occasion) -> None:
    """An invitation whose time went by comes after all while it can be followed."""
    Message.objects.filter(state=MessageState.SENT).update(
        state=MessageState.DUE, sent_at=None, due_at=clock.now() - timedelta(hours=1)
    )
    client.post(path(occasion), ONE_CLICK)
    page = client.post(path(occasion), {"again": "1"}).content.decode()
    assert "Send me no more e-mails" in page
    assert states() == 4 * [("due", "")]
    assert Participant.objects.get().unsubscribed_at is None
    assert Event.objects.filter(event="participant.resubscribed").count() == 1


def test_planning_again_brings_no_cancelled_mail_back(client: Client, occasion: Occasion) -> None:
    client.post(path(occasion), ONE_CLICK)
    person = occasion.participant
    pipeline.move(
        participant=person, timezone="Asia/Tokyo", by=Actor.system("test"), now=clock.now()
    )
    assert [state for state, _ in states()].count("due") == 0


def test_somebody_who_has_left_sees_a_neutral_page(program: Client, occasion: Occasion) -> None:
    by, now = Actor.system("test"), clock.now()
    pipeline.withdraw(
        participant=occasion.participant, scope="keep_data", reason="asked", by=by, now=now
    )
    before = fingerprint()
    for answer in (program.get(path(occasion)), program.post(path(occasion), ONE_CLICK)):
        assert answer.status_code == 200
        assert "nothing to do here" in answer.content.decode()
    assert fingerprint() == before


def test_the_page_speaks_the_participants_language(client: Client, occasion: Occasion) -> None:
    Participant.objects.update(language="de")
    assert "Keine E-Mails mehr?" in client.get(path(occasion)).content.decode()
