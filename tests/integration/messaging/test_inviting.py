"""The mail of a sign-up: one, with the consent in it, and none to who wants none."""

from __future__ import annotations

import pytest

from surveys import pipeline
from surveys.lib import tokens
from surveys.messaging.models import Notification, Suppression
from surveys.participants.identity import actions as identity
from surveys.participants.identity.models import SignUp
from tests.integration.participants.joining_world import NOW, application, open_study
from tests.smtp import ScriptedServer

pytestmark = pytest.mark.django_db


def sign_up(language: str = "en", **block: object) -> SignUp:
    study = open_study(block=dict(block))
    asked = application(study, email="ada@mail.example", language=language)
    pipeline.ask_to_join(study=study, application=asked, now=NOW)
    return SignUp.objects.get()


def test_the_mail_asks_to_confirm_and_holds_the_consent(server: ScriptedServer) -> None:
    row = sign_up()
    pipeline.notify(now=NOW)
    pipeline.notify(now=NOW)
    (mail,) = server.accepted
    assert mail.to == "ada@mail.example"
    assert mail.email["Subject"] == "A year of calm: please confirm"
    assert mail.email["Reply-To"] == "office@study.example"
    text = mail.email.get_body(("plain",))
    assert text is not None
    lines = text.get_content().splitlines()
    assert f"https://host.example/j/{tokens.make('joining', row.pk)}/" in lines
    assert "We ask you four times." in lines
    assert "- [x] I take part." in lines
    assert "In an emergency call 112." in lines


def test_it_speaks_the_language_that_was_chosen(server: ScriptedServer) -> None:
    sign_up("de")
    pipeline.notify(now=NOW)
    assert server.accepted[0].email["Subject"] == "Ein Jahr Ruhe: bitte bestätigen"


def test_who_joined_at_once_gets_their_consent_and_the_address_is_gone_from_the_row(
    server: ScriptedServer,
) -> None:
    row = sign_up(confirm=False)
    assert row.email == ""
    pipeline.notify(now=NOW)
    assert server.accepted[0].email["Subject"] == "A year of calm: your consent"


def test_a_suppressed_address_gets_nothing(server: ScriptedServer) -> None:
    index = identity.address_index("ada@mail.example")
    Suppression.objects.create(address_index=index, reason="complaint", since=NOW)
    assert sign_up().pk
    pipeline.notify(now=NOW)
    assert not server.accepted
    assert not Notification.objects.exists()
