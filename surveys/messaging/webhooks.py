"""Whether a mail provider's reports can be verified with the settings as they are."""

from __future__ import annotations

from django.conf import settings

from surveys.messaging.providers import PROVIDERS

LEAST_SECRET = 16  # characters of a password


def insecure(name: str) -> str:
    """Why a provider's reports could be anybody's, in words; empty when they can be verified."""
    key = PROVIDERS[name].key
    if key:
        return "" if settings.ANYMAIL.get(key) else f"{key} is not set"
    secrets = settings.ANYMAIL.get("WEBHOOK_SECRET", [])
    if not secrets:
        return "MAIL_WEBHOOK_SECRET is not set"
    if any(len(secret.partition(":")[2]) < LEAST_SECRET for secret in secrets):
        return f"MAIL_WEBHOOK_SECRET is no user:password of {LEAST_SECRET} characters or more"
    is_plain = settings.MODE == "production" and not settings.IS_HTTPS
    return (
        "the secret would travel unencrypted; PUBLIC_ORIGIN must begin with https"
        if is_plain
        else ""
    )
