"""Every dynamic page carries the headers."""

from __future__ import annotations

import pytest
from django.test import Client

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
