"""Thousands of requests that hypothesis makes, and none of them is an error of ours or stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from tests.integration.api import providers
from tests.malformed import making
from tests.malformed.judging import Attack, nothing_stored
from tests.malformed.sending import Ask
from tests.malformed.stage import Target

pytestmark = pytest.mark.timeout(900)  # thousands of requests, perhaps on a busy machine

MADE = 200  # of each sort


def many(asks: st.SearchStrategy[Any], send: Callable[[Any], object]) -> None:
    """Send as many as `MADE`; the shortest that goes wrong is reported."""

    @making.examples(MADE)
    @given(asks)
    def each(ask: Any) -> None:
        send(ask)

    each()


@pytest.mark.parametrize("make", [making.pages, making.wishes, lambda _: making.anything()])
def test_made_requests(
    target: Target, attack: Attack, make: Callable[[Target], st.SearchStrategy[Ask]]
) -> None:
    asks = make(target)
    with nothing_stored():
        many(asks, lambda ask: attack(ask))
    assert attack.n >= MADE


@pytest.mark.parametrize("provider", ["mailgun", "postal", "postmark", "brevo"])
def test_reports_that_bear_the_right_key_and_make_no_sense(
    target: Target, client: Client, settings: Settings, provider: str
) -> None:
    providers.listen_to(settings, provider)
    client.raise_request_exception = False
    n = 0

    def report(content: Any) -> None:
        nonlocal n
        n += 1
        if provider == "mailgun":
            whole = providers.mailgun(target.cast.message.pk)
            content = {"signature": whole["signature"], "event-data": content}
        reply = providers.post(client, provider, content)
        assert reply.status_code in {200, 400}, content

    with nothing_stored():
        many(making.reports(), report)
    assert n >= MADE
