"""The API's description, its limits, and the tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from knox.models import AuthToken
from pytest_django import Settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from surveys.api import description
from surveys.audit.models import Event
from tests.integration.api.callers import client, user
from tests.integration.participants.studies import published

pytestmark = pytest.mark.django_db


def test_the_description_is_valid_and_complete(tmp_path: Any) -> None:
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "api.yaml")
    )
    text = (tmp_path / "api.yaml").read_text()
    for path in ("studies/", "{study}/participants/{code}/", "{study}/occasions/"):
        assert f"{path}:" in text
    assert "application/problem+json" in text
    assert "scheme: bearer" in text


def test_the_description_and_its_page_are_served_to_everybody() -> None:
    assert b"openapi: 3" in client().get("/api/schema/").content
    page = client().get("/api/")
    assert page.status_code == 200
    assert b"<style" not in page.content
    assert page.content.count(b"<script") == page.content.count(b"<script src=") == 3
    script = client().get("/api/?script=")
    assert b"SwaggerUIBundle" in script.content


def test_a_wrong_token_hides_no_description() -> None:
    for path in ("/api/", "/api/schema/"):
        assert client().get(path, HTTP_AUTHORIZATION="Bearer study_wrong").status_code == 200


def test_too_many_requests_are_asked_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "get_rate", lambda _: "2/min")
    program = client(user(published()))
    statuses = [program.get("/api/v1/studies/").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = program.get("/api/v1/studies/")
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer["Retry-After"]) > 0


def test_strangers_are_counted_by_their_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(AnonRateThrottle, "get_rate", lambda _: "2/min")
    statuses = [
        client().get("/api/", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}").status_code for n in range(3)
    ]
    assert statuses == [200, 200, 429]
    assert client().get("/api/")["Content-Type"].startswith("text/html")


def test_without_the_cache_nobody_is_locked_out(settings: Settings) -> None:
    caches = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    settings.CACHES = caches
    cache.set("x", 1)
    assert cache.get("x") is None
    assert client(user(published())).get("/api/v1/studies/calm/").status_code == 200


# Tokens


def _token(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("token", *arguments)
    return capsys.readouterr().out


def test_a_token_is_printed_once_and_kept_as_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    owner = user(published(), email="owner@example.org")
    token = _token(capsys, "Owner@Example.org").strip()
    program = client()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert program.get("/api/v1/studies/calm/").status_code == 200
    stored = AuthToken.objects.get(user=owner)
    assert token.startswith("study_")
    assert token not in str(vars(stored))
    event = Event.objects.get(event="token.made")
    assert (event.subject, event.data) == (owner.code, {"days": 90})


def test_a_token_ends(capsys: pytest.CaptureFixture[str]) -> None:
    user(published(), email="owner@example.org")
    token = _token(capsys, "owner@example.org", "--days", "1").strip()
    stored = AuthToken.objects.get()
    assert stored.expiry is not None
    stored.expiry -= timedelta(days=2)
    stored.save()
    program = client()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert program.get("/api/v1/studies/").status_code == 401


@pytest.mark.parametrize(
    "arguments", [["nobody@example.org"], ["owner@example.org", "--days", "0"]]
)
def test_a_token_for_nobody_is_refused(arguments: list[str]) -> None:
    user(email="owner@example.org")
    with pytest.raises(CommandError, match=r"no active member|expected 1 to 3650"):
        call_command("token", *arguments)
    assert not AuthToken.objects.exists()


def test_leaked_tokens_can_be_ended(capsys: pytest.CaptureFixture[str]) -> None:
    owner = user(published(), email="owner@example.org")
    program, other = client(owner), client(user())
    assert _token(capsys, "owner@example.org", "--revoke") == "1 tokens ended\n"
    assert program.get("/api/v1/studies/").status_code == 401
    assert other.get("/api/v1/studies/").status_code == 200
    assert Event.objects.get(event="token.revoked").subject == owner.code


def test_many_may_ask_for_the_description_at_once() -> None:
    description._description.cache_clear()
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: client().get("/api/schema/"), range(16)))
    assert {reply.status_code for reply in replies} == {200}
    assert len({reply.content for reply in replies}) == 1
