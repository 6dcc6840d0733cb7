"""The mail providers whose reports we can verify and tie to a message. Pure.

Our mails go out by SMTP, whoever the provider is. What it later reports names our Message-ID, or
else the metadata that a header of its own made (`mark`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

MARK = "message"  # the name of our one piece of metadata
SPARKPOST_SOFT = frozenset({"20", "21", "22", "23", "24", "40", "70"})  # its classes of bounces

Raw = Mapping[str, Any]


def _never(raw: Raw) -> bool:
    return False


def _sparkpost_is_soft(raw: Raw) -> bool:
    (event,) = list(raw.get("msys", {}).values())[:1] or [raw]
    return str(event.get("bounce_class")) in SPARKPOST_SOFT


@dataclass(frozen=True)
class Provider:
    """How one provider's reports are received.

    `key` names the setting that its signature is verified with; without one it is known by the
    shared secret alone. `is_soft` tells, of a returned mail, whether the mailbox may yet be good.
    """

    view: str  # of anymail
    key: str = ""
    mark: Callable[[UUID], tuple[str, str]] | None = None  # a header: its name and its value
    is_soft: Callable[[Raw], bool] = _never


def _json_in(header: str) -> Callable[[UUID], tuple[str, str]]:
    return lambda message: (header, f'{{"{MARK}": "{message}"}}')


PROVIDERS: Mapping[str, Provider] = {
    "mailgun": Provider(
        "anymail.webhooks.mailgun.MailgunTrackingWebhookView", "MAILGUN_WEBHOOK_SIGNING_KEY"
    ),
    "postal": Provider("anymail.webhooks.postal.PostalTrackingWebhookView", "POSTAL_WEBHOOK_KEY"),
    "postmark": Provider(
        "anymail.webhooks.postmark.PostmarkTrackingWebhookView",
        mark=lambda message: (f"X-PM-Metadata-{MARK}", str(message)),
        is_soft=lambda raw: raw.get("Type") in {"SoftBounce", "Undeliverable"},
    ),
    "brevo": Provider(
        "anymail.webhooks.brevo.BrevoTrackingWebhookView",
        mark=_json_in("X-Mailin-custom"),
        is_soft=lambda raw: raw.get("event") == "soft_bounce",
    ),
    "mailjet": Provider(
        "anymail.webhooks.mailjet.MailjetTrackingWebhookView",
        mark=_json_in("X-MJ-EventPayload"),
        is_soft=lambda raw: not raw.get("hard_bounce", False),
    ),
    "sparkpost": Provider(
        "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView",
        mark=lambda message: (
            "X-MSYS-API", f'{{"metadata": {{"{MARK}": "{message}"}}}}',
        ),
        is_soft=_sparkpost_is_soft,
    ),
}  # fmt: skip


def marks(names: tuple[str, ...], message: UUID) -> dict[str, str]:
    """The headers by which these providers will name a message."""
    makers = (PROVIDERS[name].mark for name in names)
    return dict(maker(message) for maker in makers if maker is not None)
