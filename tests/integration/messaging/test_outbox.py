"""The outbox tells what was or will be mailed, without telling to whom."""

from __future__ import annotations

from collections.abc import Callable

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


def test_every_reason_has_words() -> None:
    assert set(WhyNot) | set(reasons.Hurdle) == set(reasons.IN_WORDS)
