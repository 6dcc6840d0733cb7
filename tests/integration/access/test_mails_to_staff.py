"""Mails to staff: the link for a new password, and what is said while the mail server is away."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django import Settings

from surveys.access.models import User
from tests.integration.studyplatform.servers_at_hand import free_port

RESET = "/console/account/password/reset/"


@pytest.mark.django_db
def test_without_a_mail_server_known_and_unknown_addresses_get_one_answer(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    User.objects.create_user("ada@study.example", "calm-stone-river-9")
    visitor = Client(REMOTE_ADDR="2001:db8:77::1")
    answers = [
        visitor.post(RESET, {"email": email})
        for email in ("ada@study.example", "nobody@study.example")
    ]
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, f"{RESET}done/")] * 2
    assert caplog.text.count("a mail to staff was not sent") == 1


@pytest.mark.django_db
def test_a_link_for_a_new_password_works_once_and_looking_at_it_stores_nothing(
    mailoutbox: list[EmailMessage],
) -> None:
    user = User.objects.create_user("ada@study.example", "calm-stone-river-9")
    visitor = Client(REMOTE_ADDR="2001:db8:77::2")
    visitor.post(RESET, {"email": user.email})
    (link,) = re.findall(rf"{RESET}key/\S+", str(mailoutbox[0].body))
    typed = {"password1": "new-river-stone-13", "password2": "new-river-stone-13"}
    form = visitor.get(link)["Location"]
    assert not EmailAddress.objects.exists()
    assert visitor.post(form, typed).status_code == 302
    user.refresh_from_db()
    assert user.check_password("new-river-stone-13")
    assert b"password1" not in Client().get(link, follow=True).content
    assert not EmailAddress.objects.exists()
