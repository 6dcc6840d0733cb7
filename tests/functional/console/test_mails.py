"""The outbox: what is shown of a message in every state, and what is never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from surveys.access.roles import Role
from surveys.lib import clock
from surveys.messaging.models import DeliveryAttempt
from surveys.messaging.reasons import IN_WORDS
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageKind, MessageState, WhyNot
from tests.functional.console.cast import Stage, client_of, make_staff, make_stage
from tests.world import make_message, protocol_document

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def auditor(stage: Stage) -> Client:
    return client_of(make_staff(Role.AUDITOR, stage.study))


def put(stage: Stage, state: str, why_not: str = "") -> None:
    """Bring the stage's message into a state, as delivery would leave it."""
    values: dict[str, object] = {"state": state, "why_not": why_not, "sent_at": None}
    if state in {MessageState.SENT, MessageState.BOUNCED}:
        values["sent_at"] = clock.now()
    if state == MessageState.SENDING:
        values |= {"lease_until": clock.now(), "lease_token": stage.message.pk}
    Message.objects.filter(pk=stage.message.pk).update(**values)


STATES = [
    (MessageState.DUE, "", "is due and goes out with the next delivery."),
    (MessageState.SENDING, "", "The invitation is being handed over by a worker"),
    (MessageState.SENT, "", "the mail server accepted it."),
    (MessageState.UNKNOWN, "", "it may have arrived"),
    (MessageState.FAILED, "refused", "the mail server refused it for good; the last answer was"),
    (MessageState.CANCELLED, WhyNot.WITHDRAWN, "the participant has withdrawn"),
    (MessageState.MISSED, WhyNot.WINDOW_CLOSED, "the time to answer was over"),
    (MessageState.BOUNCED, "", "and came back"),
]


def test_every_state_is_among_the_examples() -> None:
    assert {state for state, _, _ in STATES} == set(MessageState)


@pytest.mark.parametrize(("state", "why_not", "said"), STATES)
def test_a_message_says_where_it_stands_and_why(
    auditor: Client, stage: Stage, state: str, why_not: str, said: str
) -> None:
    put(stage, state, why_not)
    DeliveryAttempt.objects.create(
        message=stage.message,
        n=1,
        lease_token=stage.message.pk,
        began_at=clock.now(),
        outcome="permanent",
        reply="550 <no> such box",
    )
    page = auditor.get(stage.url(f"outbox/{stage.message.pk}/"))
    text = page.content.decode()
    assert page.status_code == 200
    assert said in text
    assert "550 &lt;no&gt; such box" in text
    listed = auditor.get(stage.url("outbox/"), {"state": state}).content.decode()
    assert str(stage.message.pk) in listed
    assert IN_WORDS.get(why_not, "") in listed


def test_the_mail_is_shown_without_name_address_and_link(auditor: Client, stage: Stage) -> None:
    for path in (f"outbox/{stage.message.pk}/", f"outbox/{stage.message.pk}/mail/"):
        text = auditor.get(stage.url(path)).content.decode()
        assert "‹name›" in text
        assert "secret" not in text.lower()
        assert "/s/a" not in text


def test_the_frame_has_its_own_narrow_policy(auditor: Client, stage: Stage) -> None:
    frame = auditor.get(stage.url(f"outbox/{stage.message.pk}/mail/"))
    policy = frame["Content-Security-Policy"]
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    page = auditor.get(stage.url(f"outbox/{stage.message.pk}/"))
    assert "unsafe" not in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert " sandbox>" in page.content.decode()


def test_a_mail_that_cannot_be_rendered_is_said_not_raised() -> None:
    messages = protocol_document()["messages"]
    messages["invitation"]["body"]["en"] = "Dear {nobody}, {link}"
    stage = make_stage(messages=messages)
    auditor = client_of(make_staff(Role.AUDITOR, stage.study))
    page = auditor.get(stage.url(f"outbox/{stage.message.pk}/"))
    assert page.status_code == 200
    assert "This mail cannot be rendered" in page.content.decode()
    assert auditor.get(stage.url(f"outbox/{stage.message.pk}/mail/")).status_code == 404


def test_the_first_look_shows_what_was_due_so_far(auditor: Client, stage: Stage) -> None:
    later = make_message(
        stage.message.occasion, MessageKind.REMINDER, due_at=clock.now() + timedelta(days=1)
    )
    shown = {
        when: [row.pk for row, _, _ in auditor.get(stage.url(f"outbox/{when}")).context["rows"]]
        for when in ("", "?when=so-far", "?when=to-come", "?when=", "?kind=reminder")
    }
    assert shown == {
        "": [stage.message.pk],
        "?when=so-far": [stage.message.pk],
        "?when=to-come": [later.pk],
        "?when=": [later.pk, stage.message.pk],
        "?kind=reminder": [later.pk],
    }


def test_filters_that_fit_nothing_and_an_empty_outbox_say_so(auditor: Client, stage: Stage) -> None:
    odd = {"state": "odd", "wave": "x" * 500, "participant": "' OR 1=1 --", "page": "-3"}
    page = auditor.get(stage.url("outbox/"), odd)
    assert "No message fits these filters." in page.content.decode()
    Message.objects.all().delete()
    assert "There are no messages yet." in auditor.get(stage.url("outbox/")).content.decode()


def test_pages_keep_the_filters(auditor: Client, stage: Stage) -> None:
    for nth in range(2, 103):
        make_message(stage.message.occasion, MessageKind.REMINDER, nth)
    first = auditor.get(stage.url("outbox/"), {"kind": "reminder", "when": ""}).content.decode()
    assert "Page 1 of 2" in first
    assert "?when=&amp;kind=reminder&amp;page=2" in first
    second = auditor.get(stage.url("outbox/"), {"kind": "reminder", "page": "2"})
    assert len(second.context["rows"]) == 1


def test_what_needs_a_look_leads_to_the_filtered_outbox(auditor: Client, stage: Stage) -> None:
    put(stage, MessageState.FAILED, "refused")
    page = auditor.get(stage.url()).content.decode()
    link = stage.url("outbox/?state=failed")
    assert f'<a href="{link}">1 message could not be delivered</a>' in page
    assert str(stage.message.pk) in auditor.get(link).content.decode()


def test_a_list_of_a_hundred_costs_no_query_a_row(
    auditor: Client, stage: Stage, django_assert_max_num_queries: object
) -> None:
    for nth in range(2, 60):
        make_message(stage.message.occasion, MessageKind.REMINDER, nth, why_not="refused")
    with django_assert_max_num_queries(20):  # type: ignore[operator]  # a fixture without a type
        auditor.get(stage.url("outbox/?when="))
