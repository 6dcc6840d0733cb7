"""Attempts are counted by visitor, and whoever counts them may be away."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from studyplatform import cache as our_cache
from surveys.access.models import User
from tests.integration.studyplatform.servers_at_hand import free_port

ROOT = Path(__file__).resolve().parents[3]
LOGIN = "/console/account/login/"
PASSWORD = "calm-stone-river-9"
COUNT = "from studyplatform import settings; print(settings.ALLAUTH_TRUSTED_PROXY_COUNT)"


def attempts(address: str, number: int, *, last: str) -> int:
    """Wrong passwords through the proxy from one address, then the right one: its status."""
    client = Client(REMOTE_ADDR="10.1.1.1", headers={"x-forwarded-for": f"6.6.6.6, {address}"})
    for _ in range(number):
        login = f"{secrets.token_hex(6)}@study.example"
        client.post(LOGIN, {"login": login, "password": "not-the-password"})
    return client.post(LOGIN, {"login": last, "password": PASSWORD}).status_code


@pytest.mark.django_db
def test_behind_a_proxy_one_guesser_locks_out_nobody_else(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    user = User.objects.create_user(f"{secrets.token_hex(6)}@study.example", PASSWORD)
    net = f"2001:db8:{secrets.randbelow(65535):x}"
    assert attempts(f"{net}:1::1", 12, last=user.email) != 302
    assert attempts(f"{net}:2::1", 0, last=user.email) == 302


@pytest.mark.parametrize(("flag", "count"), [("1", "1"), ("0", "0")])
def test_the_settings_trust_one_proxy_when_there_is_one(flag: str, count: str) -> None:
    env = {**os.environ, "BEHIND_PROXY": flag}
    said = subprocess.run(
        [sys.executable, "-c", COUNT], env=env, cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert said.stdout.strip() == count


@pytest.fixture
def no_cache(settings: Settings) -> None:
    location = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": location}}


@pytest.mark.django_db
@pytest.mark.usefixtures("no_cache")
def test_staff_log_in_while_nobody_can_count(caplog: pytest.LogCaptureFixture) -> None:
    user = User.objects.create_user(f"{secrets.token_hex(6)}@study.example", PASSWORD)
    answer = Client().post(LOGIN, {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/console/"
    assert caplog.text.count("attempts are not counted") == 1


@pytest.mark.usefixtures("no_cache")
def test_without_its_server_it_is_an_empty_cache() -> None:
    cache.set("a", 1)
    assert cache.get("a") is None
    assert cache.get("a", 5) == 5
    assert cache.add("a", 1) is True
    assert cache.delete("a") is False


def test_the_server_is_asked_again_after_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(our_cache, "REST_SECONDS", 0.2)
    asked = our_cache.FailingOpenCache(settings.CACHES["default"]["LOCATION"], {})
    key, nowhere = (
        secrets.token_hex(8),
        redis.Redis.from_url(f"redis://127.0.0.1:{free_port()}", retry=None),
    )
    asked._ask(None, nowhere.ping)
    asked.set(key, "not asked", 5)
    time.sleep(0.25)
    assert asked.get(key) is None
    asked.set(key, "kept", 5)
    assert asked.get(key) == "kept"
