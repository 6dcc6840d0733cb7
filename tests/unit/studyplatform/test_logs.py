"""No link, address, answer or password may reach a log, whoever writes the line."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import structlog
from django.conf import settings
from django.urls import reverse
from knox.crypto import create_token_string
from knox.settings import knox_settings

from studyplatform import logs
from surveys.lib import tokens

TOKEN = "a" + "b2" * 26 + "z"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What production would have written, with the test's logging put back afterwards."""
    before = structlog.get_config()
    stream = io.StringIO()
    configuration = logs.configuration("json", "INFO")
    configuration["handlers"]["lines"]["stream"] = stream
    logging.config.dictConfig(configuration)
    yield stream
    logging.config.dictConfig(settings.LOGGING)
    structlog.configure(**before)


def test_the_pattern_knows_a_real_token() -> None:
    token = tokens.make("occasion", UUID(int=7))
    assert token not in logs.clean_text(f"bad token {token}")


@pytest.mark.parametrize(
    "text",
    [
        f"GET /s/{TOKEN}/ 200",
        f"GET /u/{TOKEN}/ 200",
        f"GET /me/{TOKEN}/ 200",
        f"GET /me/{TOKEN.upper()}/ 200",
        f"token {TOKEN.upper()} alone",
        f"link http://h/s/{TOKEN}/page?x=1",
        f"token {TOKEN}.",
    ],
)
def test_a_personal_link_is_taken_out(text: str) -> None:
    assert TOKEN not in logs.clean_text(text)
    assert logs.REMOVED in logs.clean_text(text)


def test_what_sets_a_password_is_taken_out() -> None:
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "1z", "key": "d2x-0abc9"})
    for text in (f"GET {path} 200", f"Not Found: {path}?x=1", f'link "https://h{path}".'):
        assert "d2x" not in logs.clean_text(text)
        assert "/reset/key/[removed]" in logs.clean_text(text)


def test_a_token_of_the_api_is_taken_out() -> None:
    token = f"{knox_settings.TOKEN_PREFIX}{create_token_string()}"
    assert logs.clean_text(f"Bearer {token}, refused") == "Bearer [removed], refused"
    assert logs.clean_text("study_code is missing") == "study_code is missing"


@pytest.mark.parametrize(
    "text", ["to ada@uni.example", "<ada.l+x@uni.co.example>", "(ada@uni.example)"]
)
def test_an_address_is_taken_out(text: str) -> None:
    assert "ada" not in logs.clean_text(text)


def test_the_password_of_a_url_is_taken_out() -> None:
    assert "pass" not in logs.clean_text("redis://user:pass@host:6379/0 refused")


def test_what_postgresql_quotes_is_taken_out() -> None:
    error = "duplicate key\nDETAIL:  Key (index)=(Ada) already exists.\nnext line"
    assert logs.clean_text(error) == "duplicate key\nDETAIL: [removed]\nnext line"


def test_harmless_text_stays() -> None:
    text = "GET /console/studies/abc/ 200 in 12ms; 3 messages sent to wave m3"
    assert logs.clean_text(text) == text


def test_values_under_telling_keys_are_taken_out_at_any_depth() -> None:
    record: dict[str, Any] = {
        "event": "saved",
        "n": 3,
        "answers": {"a1": 4},
        "data": {"Email": "x", "list": [{"name": "y"}]},
    }
    cleaned = logs.redact(None, "info", record)
    assert cleaned == {
        "event": "saved",
        "n": 3,
        "answers": "[removed]",
        "data": {"Email": "[removed]", "list": [{"name": "[removed]"}]},
    }


def test_both_kinds_of_logger_are_redacted(written: io.StringIO) -> None:
    structlog.get_logger("surveys").info("saved", answers={"a": 1}, participant="ABCD-EFGH")
    logging.getLogger("django.request").warning("Not Found: %s", f"/s/{TOKEN}/")
    logging.getLogger("gunicorn.access").info("GET %s 200", f"/s/{TOKEN}/")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["event"] for line in lines] == [
        "saved",
        "Not Found: /s/[removed]/",
        "GET /s/[removed]/ 200",
    ]
    assert lines[0]["answers"] == "[removed]"
    assert lines[0]["participant"] == "ABCD-EFGH"
    assert TOKEN not in written.getvalue()


def test_an_exception_is_redacted_too(written: io.StringIO) -> None:
    try:
        raise ValueError("no such person: ada@uni.example")
    except ValueError:
        logging.getLogger("surveys").exception("failed")
    assert "ValueError" in written.getvalue()
    assert "ada" not in written.getvalue()
