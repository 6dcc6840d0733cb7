"""How allauth treats staff accounts: nobody signs up alone, and second factors are kept encrypted.

Named in the settings as the account and MFA adapters.
"""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from surveys.lib.crypto import Keyring

MFA_CONTEXT = "mfa_authenticator:data:secret"

_log = structlog.get_logger(__name__)


class StaffAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Staff are made by an administrator or a command."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """There is no public registration."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Mailed links lead to our own address, whatever host the request named."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.PUBLIC_ORIGIN}{path.replace('UID-KEY', key)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or note that it failed: an error page would say who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # what smtplib raises too
            _log.error("a mail to staff was not sent", mail=template_prefix, error=str(error))

    def format_email_subject(self, subject: str) -> str:
        """The console's name before every subject."""
        return f"Study console: {subject}"


class StaffMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Seeds of second factors are secrets like any other."""

    def encrypt(self, text: str) -> str:
        """Encrypt with the platform's field key."""
        return Keyring.parse(settings.FIELD_KEYS).encrypt(text, MFA_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        """Undo `encrypt`."""
        return Keyring.parse(settings.FIELD_KEYS).decrypt(encrypted_text, MFA_CONTEXT)
