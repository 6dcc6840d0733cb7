"""The outbox tells what was or will be mailed, without telling to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from surveys.design.models import Study
from surveys.lib import tokens
from surveys.messaging import outbox, reasons
from surveys.messaging.delivery import deliver_due
from surveys.scheduling.models import Message
from surveys.scheduling.states import MessageState, WhyNot
from tests import world
from tests.smtp import ScriptedServer
from tests.world import DAY, NOW

pytestmark = pytest.mark.django_db

Invite = Callable[..., Message]


def test_the_list_is_the_studys_own_latest_first_and_filtered(study: Study) -> None:
    person = world.make_participant(study)
    first = world.make_message(world.make_occasion(person), due_at=NOW - DAY)
    second = world.make_message(first.occasion, "reminder")
    other = world.make_study("other-study")
    world.make_message(world.make_occasion(world.make_participant(other)))

    assert list(outbox.messages(study)) == [second, first]
    assert list(outbox.messages(study, kind="reminder")) == [second]
    assert list(outbox.messages(study, wave="m3")) == []
    assert list(outbox.messages(study, state="due", participant=person.code)) == [second, first]
    assert outbox.counts(study) == {state.value: 0 for state in MessageState} | {"due": 2}


def test_the_preview_reads_like_the_mail_without_name_and_link(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite(name="Ada Löwe")
    deliver_due(now=NOW, limit=1)
    shown = outbox.preview(Message.objects.get())
    (mail,) = server.accepted
    sent = mail.email.get_body(("plain",))
    assert sent is not None
    link = f"https://host.example/s/{tokens.make('occasion', message.occasion_id)}/"
    page = f"https://host.example/me/{tokens.make('me', message.occasion.participant.key)}/"
    expected = sent.get_content().replace("\r\n", "\n").replace("Ada Löwe", "‹name›")
    expected = expected.replace(link, "https://host.example/s/…/")
    assert shown.text == expected.replace(page, "https://host.example/me/…/")
    assert shown.subject == mail.email["Subject"]
    for part in (shown.text, shown.html):
        assert "Löwe" not in part
        assert "mail.example" not in part
        assert link not in part
        assert page not in part


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "due"}, "Planned."),
        ({"state": "sent", "sent_at": NOW}, "The mail server accepted it."),
        ({"state": "unknown"}, "it may have arrived"),
        ({"state": "cancelled", "why_not": WhyNot.WITHDRAWN}, "the participant has withdrawn"),
        ({"state": "missed", "why_not": WhyNot.WINDOW_CLOSED}, "the time to answer was over"),
        ({"state": "failed", "why_not": "no_address"}, "there is no mail address"),
    ],
)
def test_why_says_in_a_sentence_where_a_message_stands(
    study: Study, values: dict[str, Any], words: str
) -> None:
    occasion = world.make_occasion(world.make_participant(study))
    assert words in outbox.why(world.make_message(occasion, **values))


def test_why_quotes_the_servers_last_words_without_the_address(
    server: ScriptedServer, invite: Invite
) -> None:
    message = invite()
    server.script.append("rcpt-550")
    deliver_due(now=NOW, limit=1)
    message.refresh_from_db()
    assert outbox.why(message) == (
        "Not sent: the mail server refused it for good; the last answer was “550 told to say so to <‹address›>”."
    )


def test_why_counts_the_attempts_so_far(server: ScriptedServer, invite: Invite) -> None:
    message = invite()
    server.script.append("rcpt-451")
    deliver_due(now=NOW, limit=1)
    message.refresh_from_db()
    assert outbox.why(message).startswith("To be tried again, after 1 attempt; the last answer was")


def test_why_names_what_is_waited_for(study: Study) -> None:
    message = world.make_message(
        world.make_occasion(world.make_participant(study), state="planned")
    )
    assert "until the questionnaire opens" in outbox.why(message)
    study.is_paused = True
    study.save()
    message = Message.objects.get()
    assert "while the study is paused" in outbox.why(message)


def test_every_reason_has_words() -> None:
    assert set(WhyNot) | set(reasons.Hurdle) == set(reasons.IN_WORDS)
