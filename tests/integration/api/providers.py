"""Mail providers as they report: signed like Mailgun and Postal, with a secret like Postmark."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from pytest_django import Settings

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

KEY = "mailgun-signs-with-this"
SECRET = "reports:a-long-enough-password"
POSTAL = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ADDRESS = "aaaa-0001@mail.example"


def listen_to(settings: Settings, *names: str) -> None:
    """Configure providers as the environment would."""
    public = POSTAL.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings.PUBLIC_ORIGIN = "https://host.example"
    settings.MAIL_WEBHOOK_PROVIDERS = names
    settings.ANYMAIL = {
        "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
        "POSTAL_WEBHOOK_KEY": base64.b64encode(public).decode(),
    }
    if not {"mailgun", "postal"} & set(names):  # else those must bear the secret as well
        settings.ANYMAIL["WEBHOOK_SECRET"] = [SECRET]


def mailgun(
    message: UUID, event: str = "failed", *, token: str = "", **data: Any
) -> dict[str, Any]:
    """A signed report of Mailgun's."""
    token = token or uuid4().hex
    stamp = "1798711200"
    signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"token": token, "timestamp": stamp, "signature": signature},
        "event-data": {
            "event": event,
            "timestamp": 1798711200.5,
            "recipient": ADDRESS,
            "message": {"headers": {"message-id": f"m-{message}@host.example"}},
        }
        | data,
    }


def hard(message: UUID, token: str = "") -> dict[str, Any]:
    """There is no such mailbox."""
    said: Any = {"message": f"550 5.1.1 <{ADDRESS}>: no such\n user " + "x" * 400}
    details = {"severity": "permanent", "reason": "bounce", "delivery-status": said}
    return mailgun(message, token=token, **details)


def full(message: UUID) -> dict[str, Any]:
    """The mailbox was full for days."""
    return mailgun(message, severity="permanent", reason="old")


def postmark(message: UUID, **data: Any) -> dict[str, Any]:
    """A report of Postmark's, which knows its own id and our metadata."""
    return {
        "RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "MessageID": str(uuid4()),
        "Metadata": {"message": str(message)}, "Email": ADDRESS,
        "BouncedAt": "2027-01-04T10:00:00Z", "Details": "smtp;550 gone",
    } | data  # fmt: skip


def brevo(message: UUID, event: str = "hard_bounce", at: int = 1798711200000) -> dict[str, Any]:
    """A report of Brevo's, which has no id at all."""
    return {
        "event": event, "email": ADDRESS, "message-id": "<2027.1@brevo>", "ts_epoch": at,
        "X-Mailin-custom": json.dumps({"message": str(message)}),
    }  # fmt: skip


def post(client: Client, provider: str, body: object, secret: str = "") -> Reply:
    """What the provider posts; those that do not sign send the secret."""
    raw, headers = json.dumps(body).encode(), {}
    if provider == "postal":
        signature = POSTAL.sign(raw, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - Postal's own
        headers["X-Postal-Signature"] = base64.b64encode(signature).decode()
    if secret or provider not in {"mailgun", "postal"}:
        credentials = base64.b64encode((secret or SECRET).encode()).decode()
        headers["Authorization"] = f"Basic {credentials}"
    return client.post(f"/mail/{provider}/", raw, content_type="application/json", headers=headers)
