"""Mails that belong to no plan: posted once, sent at least once, then forgotten."""

from __future__ import annotations

from datetime import timedelta
from email.message import Message

import pytest
from django.db.models import F
from pytest_django import Settings

from studyplatform.env import Smtp
from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.messaging import notifying
from surveys.messaging.models import Notification
from surveys.messaging.notifying import Words
from tests.smtp import ScriptedServer
from tests.world import NOW

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = Words("Please look", "Dear team,\n\nlook here: https://host.example/console/\n\nThank you")


def post(key: str = "k1", to: str = "ada@uni.example", *, is_urgent: bool = False) -> bool:
    return notifying.post(
        key=key, to=to, words=WORDS, recipient="S-ADA", about="A-1", is_urgent=is_urgent
    )


def later(step: timedelta = timedelta(days=1)) -> None:
    Notification.objects.update(not_before=F("not_before") - step)


def test_it_goes_out_once_and_is_forgotten(server: ScriptedServer) -> None:
    assert post()
    assert not post()
    row = Notification.objects.get()
    assert "ada" not in row.sealed
    assert pipeline.notify(now=NOW).n_ended == 1
    assert pipeline.notify(now=NOW).n_ended == 0
    (mail,) = server.accepted
    assert mail.to == "ada@uni.example"
    assert mail.email["Subject"] == "Please look"
    assert mail.email["Reply-To"] == "studies@host.example"
    text, html = (contents(part) for part in mail.email.walk() if not part.is_multipart())
    assert "look here: https://host.example/console/" in text
    assert 'href="https://host.example/console/"' in html
    row.refresh_from_db()
    assert (row.state, row.sealed, row.sent_at) == ("sent", "", NOW)


def test_arabic_runs_right_to_left_and_its_links_do_not(server: ScriptedServer) -> None:
    words = Words("موافقتك", "أهلًا\n\nhttps://host.example/j/\n\nStudy office", "ar")
    notifying.post(key="k1", to="ada@uni.example", words=words)
    pipeline.notify(now=NOW)
    (mail,) = server.accepted
    _, html = (contents(part) for part in mail.email.walk() if not part.is_multipart())
    assert '<html lang="ar" dir="rtl">' in html
    assert html.count('<p dir="auto">') == 3
    assert '<a dir="ltr" href="https://host.example/j/"' in html


def test_a_server_that_says_later_is_asked_later(server: ScriptedServer) -> None:
    server.script.append("rcpt-451")
    post()
    assert pipeline.notify(now=NOW).n_ended == 0
    assert server.accepted == []
    later()
    assert pipeline.notify(now=NOW).n_ended == 1
    assert len(server.accepted) == 1
    assert Notification.objects.get().n_attempts == 2


def test_a_refused_address_is_given_up_and_told(server: ScriptedServer) -> None:
    post(to="rcpt-550@uni.example")
    pipeline.notify(now=NOW)
    row = Notification.objects.get()
    assert (row.state, row.sealed, row.sent_at) == ("failed", "", None)
    assert "550" in row.last_words
    assert "uni.example" not in row.last_words


def test_an_absent_server_keeps_it_and_is_tried_for_days(
    server: ScriptedServer, settings: Settings
) -> None:
    settings.SMTP = Smtp("127.0.0.1", 1, timeout=1)
    post()
    pipeline.notify(now=NOW)
    assert Notification.objects.get().state == "due"
    later()
    Notification.objects.update(posted_at=F("posted_at") - timedelta(days=4))
    pipeline.notify(now=NOW)
    assert Notification.objects.get().state == "failed"


def test_a_worker_that_dies_leaves_it_for_the_next(server: ScriptedServer) -> None:
    post()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notifying, "Rendered", _dies)
        with pytest.raises(RuntimeError, match="killed"):
            pipeline.notify(now=NOW)
    assert pipeline.notify(now=NOW).n_ended == 0
    later()
    assert pipeline.notify(now=NOW).n_ended == 1


def test_while_sending_is_held_only_what_is_urgent_goes(server: ScriptedServer) -> None:
    post("slow", "slow@uni.example")
    post("urgent", "urgent@uni.example", is_urgent=True)
    pipeline.hold(reason="a test", by=Actor.system("test"), now=NOW)
    pipeline.notify(now=NOW)
    assert [mail.to for mail in server.accepted] == ["urgent@uni.example"]
    pipeline.release(doubt_until=None, by=Actor.system("test"), now=NOW)
    pipeline.notify(now=NOW)
    assert len(server.accepted) == 2


def test_pauses_grow_to_ten_minutes() -> None:
    pauses = [notifying.pause_after(n).total_seconds() for n in (1, 2, 3, 4, 5, 6, 5000)]
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def contents(part: Message) -> str:
    return bytes(part.get_payload(decode=True)).decode()


def _dies(*_: object) -> None:
    raise RuntimeError("killed")
