"""What mail providers report: genuine or not, once, in any order, and what it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import Settings

from studyplatform import checks
from surveys.audit.models import Event
from surveys.messaging.models import MailEvent, Suppression
from surveys.participants.identity.actions import address_index
from surveys.participants.models import Participant
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState
from tests import world
from tests.functional.portal.test_links import fingerprint
from tests.integration.api import providers
from tests.integration.api.providers import ADDRESS, brevo, full, hard, mailgun, post, postmark
from tests.world import NOW

pytestmark = pytest.mark.django_db

SENT: dict[str, Any] = {"state": MessageState.SENT, "sent_at": NOW}


@pytest.fixture
def client(settings: Settings) -> Client:
    """A provider's program."""
    providers.listen_to(settings, "mailgun")
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def message() -> Message:
    """An invitation that the mail server took."""
    person = world.make_person(world.make_study())
    return world.make_message(world.make_occasion(person), **SENT)


def another(message: Message, days: int) -> Message:
    """A later mail to the same person."""
    return world.make_message(
        message.occasion, "reminder", days, state="sent", sent_at=NOW + timedelta(days=days)
    )


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def is_suppressed(email: str = ADDRESS) -> bool:
    return Suppression.objects.filter(address_index=address_index(email)).exists()


def test_a_mail_to_nobody_comes_back(client: Client, message: Message) -> None:
    assert post(client, "mailgun", hard(message.pk)).status_code == 200
    assert (state(message), is_suppressed()) == ("bounced", True)
    suppression = Suppression.objects.get()
    assert (suppression.reason, suppression.message) == ("bounce", message)
    event = Event.objects.get(event="mail.returned")
    assert (event.subject, event.data["is_suppressed"]) == (message.occasion.participant.code, True)


def test_what_is_kept_of_a_report_holds_no_address_and_is_short(
    client: Client, message: Message
) -> None:
    post(client, "mailgun", hard(message.pk))
    for kept in (MailEvent.objects.get().detail, Suppression.objects.get().detail):
        assert kept.startswith("550 5.1.1 <‹address›>: no such user xxx")
        assert len(kept) == 300
    assert "mail.example" not in str(list(Event.objects.values()))


def test_a_report_counts_once(client: Client, message: Message) -> None:
    body = hard(message.pk)
    post(client, "mailgun", body)
    before = fingerprint()
    assert post(client, "mailgun", body).status_code == 200
    assert fingerprint() == before


@pytest.mark.parametrize("late", ["delivered", "accepted", "opened"])
def test_a_late_report_undoes_nothing(client: Client, message: Message, late: str) -> None:
    post(client, "mailgun", hard(message.pk))
    post(client, "mailgun", mailgun(message.pk, late))
    post(client, "mailgun", mailgun(message.pk, severity="temporary"))  # deferred
    assert (state(message), is_suppressed()) == ("bounced", True)
    assert MailEvent.objects.count() == 3


def test_a_mail_that_is_late_is_still_out(client: Client, message: Message) -> None:
    post(client, "mailgun", mailgun(message.pk, severity="temporary"))
    assert (state(message), is_suppressed()) == ("sent", False)


def test_delivery_is_evidence_for_a_mail_that_was_cut_off(client: Client, message: Message) -> None:
    Message.objects.update(state="unknown", sent_at=None)
    post(client, "mailgun", mailgun(message.pk, "delivered"))
    assert state(message) == "sent"
    assert message.sent_at is not None


def test_a_mail_that_was_cut_off_may_come_back_too(client: Client, message: Message) -> None:
    Message.objects.update(state="unknown", sent_at=None)
    post(client, "mailgun", hard(message.pk))
    assert state(message) == "bounced"


def test_a_report_that_overtakes_the_delivery_is_asked_for_again(
    client: Client, message: Message
) -> None:
    leased = {"lease_until": NOW, "lease_token": uuid4(), "sent_at": None}
    Message.objects.update(state="sending", **leased)
    before, body = fingerprint(), hard(message.pk)
    assert post(client, "mailgun", body).status_code == 503
    assert fingerprint() == before
    Message.objects.update(state="sent", sent_at=NOW)
    assert post(client, "mailgun", body).status_code == 200
    assert state(message) == "bounced"


def test_a_complaint_ends_the_mails_though_this_one_arrived(
    client: Client, message: Message
) -> None:
    post(client, "mailgun", mailgun(message.pk, "complained"))
    assert (state(message), is_suppressed()) == ("sent", True)
    assert Suppression.objects.get().reason == "complaint"
    assert Event.objects.filter(event="mail.complained").count() == 1


def test_three_mails_in_a_row_to_a_full_mailbox_are_enough(
    client: Client, message: Message
) -> None:
    mails = [message, another(message, 1), another(message, 2)]
    seen = []
    for mail in mails:
        post(client, "mailgun", full(mail.pk))
        post(client, "mailgun", full(mail.pk))  # a second report about the same mail
        seen.append((state(mail), is_suppressed()))
    assert seen == [("bounced", False), ("bounced", False), ("bounced", True)]


def test_a_mail_that_arrived_in_between_begins_the_row_anew(
    client: Client, message: Message
) -> None:
    mails = [message, *(another(message, n) for n in (1, 2, 3))]
    for mail in (mails[0], mails[1], mails[3]):
        post(client, "mailgun", full(mail.pk))
    assert not is_suppressed()


def test_a_row_at_an_older_address_does_not_count(client: Client, message: Message) -> None:
    mails = [message, another(message, 1), another(message, 2)]
    for mail, address in zip(mails, ("old@mail.example", "old@mail.example", ADDRESS), strict=True):
        post(client, "mailgun", full(mail.pk) | {})
        MailEvent.objects.filter(message=mail).update(address_index=address_index(address))
    Suppression.objects.all().delete()
    last = another(message, 3)
    post(client, "mailgun", full(last.pk))
    assert not is_suppressed()


def test_whoever_unsubscribes_at_the_provider_gets_no_mails_from_us(
    client: Client, message: Message
) -> None:
    due = world.make_message(message.occasion, "reminder", due_at=NOW)
    post(client, "mailgun", mailgun(message.pk, "unsubscribed"))
    due.refresh_from_db()
    assert (due.state, due.why_not) == ("cancelled", "unsubscribed")
    assert Participant.objects.get().unsubscribed_at is not None


def test_a_mail_of_somebody_else_changes_nothing(client: Client, message: Message) -> None:
    before = fingerprint()
    assert post(client, "mailgun", hard(uuid4())).status_code == 200
    foreign = hard(message.pk)
    foreign["event-data"]["message"]["headers"]["message-id"] = "20270104.1@elsewhere.example"
    assert post(client, "mailgun", foreign).status_code == 200
    assert fingerprint() == before


def test_a_forged_report_is_refused(client: Client, message: Message) -> None:
    before, body = fingerprint(), hard(message.pk)
    body["signature"]["token"] = "another"
    assert post(client, "mailgun", body).status_code == 400
    assert fingerprint() == before


@pytest.mark.parametrize("body", [{}, [], "x", {"event-data": 1}, {"signature": {}}])
def test_what_is_no_report_is_refused(client: Client, body: Any) -> None:
    assert post(client, "mailgun", body).status_code == 400


def test_a_mail_where_a_report_belongs_is_refused(client: Client, settings: Settings) -> None:
    providers.listen_to(settings, "postal")
    assert post(client, "postal", {"rcpt_to": "somebody@study.example"}).status_code == 400


def test_what_is_nested_too_deeply_is_refused(client: Client) -> None:
    answer = client.post("/mail/mailgun/", "[" * 50_000, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize("moment", [6.8e16, 1e19, 1e300])
def test_a_moment_that_no_clock_shows_is_refused(
    client: Client, settings: Settings, moment: float
) -> None:
    providers.listen_to(settings, "postal")
    assert post(client, "postal", {"timestamp": moment}).status_code == 400


def test_a_genuine_post_without_its_event_is_refused(client: Client, message: Message) -> None:
    body = hard(message.pk)
    del body["event-data"]["event"]
    assert post(client, "mailgun", body).status_code == 400


def test_a_provider_that_does_not_sign_is_known_by_its_secret(
    client: Client, message: Message, settings: Settings
) -> None:
    providers.listen_to(settings, "postmark")
    before = fingerprint()
    assert post(client, "postmark", postmark(message.pk), "reports:guessed").status_code == 400
    assert client.post("/mail/postmark/", "{}", content_type="application/json").status_code == 400
    assert fingerprint() == before
    assert post(client, "postmark", postmark(message.pk)).status_code == 200
    assert (state(message), is_suppressed()) == ("bounced", True)


def test_a_report_without_an_id_counts_once_too(
    client: Client, message: Message, settings: Settings
) -> None:
    providers.listen_to(settings, "brevo")
    for body in (brevo(message.pk), brevo(message.pk), brevo(message.pk, "delivered")):
        assert post(client, "brevo", body).status_code == 200
    assert MailEvent.objects.count() == 2
    assert state(message) == "bounced"


def test_the_secret_is_asked_of_those_that_sign_as_well_once_it_is_set(
    client: Client, message: Message, settings: Settings
) -> None:
    settings.ANYMAIL = settings.ANYMAIL | {"WEBHOOK_SECRET": [providers.SECRET]}
    assert post(client, "mailgun", hard(message.pk)).status_code == 400
    assert post(client, "mailgun", hard(message.pk), providers.SECRET).status_code == 200


def test_postals_signature_is_checked_and_our_message_id_found_within(
    client: Client, message: Message, settings: Settings
) -> None:
    providers.listen_to(settings, "postal")
    body = {
        "event": "MessageBounced", "uuid": "u-1", "timestamp": 1798711200,
        "payload": {
            "original_message": {
                "id": 7, "message_id": f"m-{message.pk}@host.example", "to": ADDRESS,
            },
            "bounce": {"id": 8},
        },
    }  # fmt: skip
    assert post(client, "postal", body).status_code == 200
    assert (state(message), is_suppressed()) == ("bounced", True)
    forged = {"X-Postal-Signature": "AAAA"}
    answer = client.post("/mail/postal/", "{}", content_type="application/json", headers=forged)
    assert answer.status_code == 400


def test_only_named_and_verified_providers_have_an_address(
    client: Client, message: Message, settings: Settings
) -> None:
    assert client.head("/mail/mailgun/").status_code == 200
    assert client.get("/mail/mailgun/").status_code == 405
    assert post(client, "postmark", postmark(message.pk)).status_code == 404
    settings.ANYMAIL = {}
    assert post(client, "mailgun", hard(message.pk)).status_code == 404


@pytest.mark.parametrize(
    ("name", "configured", "words"),
    [
        ("mailgun", {"MAILGUN_WEBHOOK_SIGNING_KEY": "k"}, ""),
        ("mailgun", {}, "MAILGUN_WEBHOOK_SIGNING_KEY is not set"),
        ("mailgun", {"WEBHOOK_SECRET": [providers.SECRET]}, "SIGNING_KEY is not set"),
        ("postmark", {"WEBHOOK_SECRET": [providers.SECRET]}, ""),
        ("postmark", {}, "MAIL_WEBHOOK_SECRET is not set"),
        ("postmark", {"WEBHOOK_SECRET": ["reports:short"]}, "no user:password"),
        ("postmark", {"WEBHOOK_SECRET": ["no-colon-but-quite-long-enough"]}, "no user:password"),
    ],
)
def test_the_system_check_names_what_could_be_forged(
    settings: Settings, name: str, configured: dict[str, Any], words: str
) -> None:
    settings.MAIL_WEBHOOK_PROVIDERS, settings.ANYMAIL = (name,), configured
    errors = checks.reports_about_mails_are_verified(None)
    assert [error.id for error in errors] == (["studyplatform.E004"] if words else [])
    assert words in "".join(error.msg for error in errors)


def test_a_secret_must_not_travel_in_the_clear(settings: Settings) -> None:
    providers.listen_to(settings, "postmark")
    settings.MODE, settings.IS_HTTPS = "production", False
    (error,) = checks.reports_about_mails_are_verified(None)
    assert "https" in error.msg
