"""Providers' reports in our words: which mail, what it means, and what is kept of the words."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from surveys.messaging.printable import printable
from surveys.messaging.providers import marks
from surveys.messaging.reports import Report, read

MESSAGE = UUID("018f0000-0000-7000-8000-000000000001")
AT = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def heard(provider: str = "mailgun", **changes: Any) -> Report | None:
    """A report as anymail brings it into form."""
    values: dict[str, Any] = {
        "event_type": "bounced", "event_id": "e1", "timestamp": AT, "metadata": {},
        "message_id": f"<m-{MESSAGE}@host.example>", "recipient": "ada@mail.example",
        "reject_reason": "bounced", "description": None, "mta_response": None, "esp_event": {},
    }  # fmt: skip
    return read(SimpleNamespace(**values | changes), provider=provider, now=AT)


def kind(provider: str = "mailgun", **changes: Any) -> str:
    report = heard(provider, **changes)
    assert report is not None
    return report.kind


@pytest.mark.parametrize(
    ("event", "reason", "said", "verdict"),
    [
        ("bounced", "bounced", "", "bounced"),
        ("bounced", "invalid", "", "bounced"),
        ("bounced", None, "", "bounced"),
        ("bounced", "blocked", "550 blocked", "soft_bounced"),
        ("bounced", "spam", "550 looks like spam", "soft_bounced"),
        ("bounced", "other", "", "soft_bounced"),
        ("bounced", "other", "550 5.1.1 unknown", "bounced"),
        ("rejected", "bounced", "", "bounced"),
        ("rejected", None, "", "soft_bounced"),
        ("rejected", "blocked", "", "soft_bounced"),
        ("rejected", "spam", "", "complained"),
        ("rejected", "unsubscribed", "", "unsubscribed"),
        ("failed", None, "5.1.1 no such user", "bounced"),
        ("failed", None, "5.2.2 full", "soft_bounced"),
        ("complained", None, "", "complained"),
        ("unsubscribed", None, "", "unsubscribed"),
        ("deferred", None, "5.1.1 later", "deferred"),
        ("delivered", None, "", "delivered"),
    ],
)
def test_what_a_report_means(event: str, reason: str | None, said: str, verdict: str) -> None:
    assert kind(event_type=event, reject_reason=reason, mta_response=said) == verdict


@pytest.mark.parametrize(
    ("provider", "raw", "verdict"),
    [
        ("postmark", {"Type": "HardBounce"}, "bounced"),
        ("postmark", {"Type": "SoftBounce"}, "soft_bounced"),
        ("brevo", {"event": "hard_bounce"}, "bounced"),
        ("brevo", {"event": "soft_bounce"}, "soft_bounced"),
        ("mailjet", {"hard_bounce": True}, "bounced"),
        ("mailjet", {"hard_bounce": False}, "soft_bounced"),
        ("sparkpost", {"msys": {"message_event": {"bounce_class": "30"}}}, "bounced"),
        ("sparkpost", {"msys": {"message_event": {"bounce_class": "22"}}}, "soft_bounced"),
        ("sparkpost", {"msys": {}}, "bounced"),
    ],
)
def test_each_provider_says_soft_in_its_own_way(
    provider: str, raw: dict[str, Any], verdict: str
) -> None:
    assert kind(provider, esp_event=raw) == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": f"m-{MESSAGE}@host.example"},
        {"message_id": 7, "metadata": {"message": str(MESSAGE)}},
        {"message_id": None, "metadata": None, "esp_event": {"a": [{"b": f"<m-{MESSAGE}@h>"}]}},
    ],
)
def test_the_mail_is_found_by_its_id_by_our_mark_or_within(changes: dict[str, Any]) -> None:
    report = heard(**changes)
    assert report is not None
    assert report.message == MESSAGE


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "<20270301.7@elsewhere.example>"},
        {"message_id": None},
        {"message_id": "", "metadata": {"message": "7"}},
        {"message_id": None, "esp_event": {"text": f"about m-{MESSAGE}@host.example, perhaps"}},
    ],
)
def test_what_names_no_mail_of_ours_is_no_report(changes: dict[str, Any]) -> None:
    assert heard(**changes) is None


def test_without_an_id_equal_reports_are_equal_and_others_are_not() -> None:
    ids = {
        report.event_id
        for changes in ({}, {}, {"event_type": "delivered"}, {"timestamp": None})
        if (report := heard(event_id=None, **changes))
    }
    assert len(ids) == 3
    assert all(len(each) == 64 for each in ids)


def test_a_mark_comes_back_as_it_went_out() -> None:
    headers = marks(("mailgun", "postmark", "brevo", "mailjet", "sparkpost"), MESSAGE)
    assert headers["X-PM-Metadata-message"] == str(MESSAGE)
    assert headers["X-Mailin-custom"] == headers["X-MJ-EventPayload"]
    assert all(value.isascii() and "\n" not in value for value in headers.values())
    assert len(headers) == 4


def test_a_servers_words_are_kept_without_people_and_links() -> None:
    token = "a" + "b" * 52 + "z"
    said = printable(
        f"550 <Ada@mail.example>\r\n see https://h.example/s/{token}/\x00 " + "x" * 400
    )
    assert said.startswith("550 <‹address›> see https://h.example/s/‹token›/ x")
    assert len(said) == 300
