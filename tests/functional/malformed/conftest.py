"""The study that is attacked, and a way to attack it without limits on how often."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings
from rest_framework.throttling import SimpleRateThrottle

from tests.integration.api.providers import listen_to
from tests.malformed.judging import Attack
from tests.malformed.sending import in_process
from tests.malformed.stage import Target, make_target


@pytest.fixture
def target(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Rows of every kind. Limits are off: a request that had to wait would prove nothing."""
    settings.ACCOUNT_RATE_LIMITS = False
    monkeypatch.setattr(SimpleRateThrottle, "allow_request", lambda *_: True)
    cache.clear()
    listen_to(settings, "mailgun", "postal")
    settings.PUBLIC_ORIGIN = "http://testserver"
    return make_target()


@pytest.fixture
def attack(target: Target) -> Iterator[Attack]:
    """Sends to Django in this process; thousands of lines of log would tell nothing."""
    logging.disable()
    with in_process() as send:
        yield Attack(send)
    logging.disable(logging.NOTSET)
