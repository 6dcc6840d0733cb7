"""Every dynamic page carries the headers, and nobody may send us a flood."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.integration.studyplatform.urls_with_trouble"),
]


def test_a_page_is_not_kept_not_listed_not_framed() -> None:
    headers = Client().get("/healthz").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_body_over_the_limit_is_refused_before_it_is_read(settings: Settings) -> None:
    settings.MAX_BODY_BYTES = 1000
    answer = Client().post("/data", {"note": "x" * 2000})
    assert answer.status_code == 413


def test_a_length_that_is_no_number_is_refused() -> None:
    answer = Client().post("/data", CONTENT_LENGTH="-5")
    assert answer.status_code == 413
