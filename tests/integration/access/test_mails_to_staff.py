"""Mails to staff: when the mail server is away, the answer tells nobody who has an account."""

from __future__ import annotations

import pytest
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
