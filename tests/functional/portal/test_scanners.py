"""A mail scanner that fetches every link of a participant, again and again, changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from surveys.lib import clock, tokens
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable
from tests.functional.portal.test_links import fingerprint
from tests.functional.portal.test_pages import hidden
from tests.world import make_message, make_occasion

pytestmark = pytest.mark.django_db

TIMES = 20


@pytest.fixture
def occasion() -> Occasion:
    """An open one that was mailed, and one to come."""
    now = clock.now()
    occasion = make_answerable()
    make_message(occasion, state="sent", sent_at=now, due_at=now)
    make_occasion(
        occasion.participant, "m3", state=OccasionState.PLANNED,
        opens_at=now + timedelta(days=90), closes_at=now + timedelta(days=104),
    )  # fmt: skip
    return occasion


def links(occasion: Occasion) -> list[str]:
    """Every address that a mail or a participant's page holds."""
    key = occasion.participant.key
    return [
        link(occasion),
        f"{link(occasion)}?own",
        f"/me/{tokens.make('me', key)}/",
        f"/me/{tokens.make('me', key)}/?done=stop",
        f"/u/{tokens.make('unsubscribe', key)}/",
        "/survey/",
        "/survey/thanks/",
        "/survey/thanks/next.ics",
    ]


def scan(scanner: Client, occasion: Occasion) -> None:
    for path in links(occasion):
        for _ in range(TIMES):
            for fetch in (scanner.get, scanner.head):
                reply = fetch(path, follow=True, headers={"User-Agent": "scanner"})
                assert reply.status_code in {200, 403}, path


def test_a_scanner_without_cookies(client: Client, occasion: Occasion) -> None:
    before = fingerprint()
    scan(client, occasion)
    assert fingerprint() == before


@pytest.mark.parametrize("is_finished", [False, True], ids=["under way", "finished"])
def test_a_browser_that_fetches_ahead_with_the_persons_own_pass(
    client: Client, occasion: Occasion, is_finished: bool
) -> None:
    client.post(link(occasion), {"start": "1"})
    client.post("/survey/", hidden(client.get("/survey/")) | {"mood": "3"})
    if is_finished:
        Occasion.objects.filter(pk=occasion.pk).update(
            state=OccasionState.COMPLETED, ended_at=clock.now()
        )
    before = fingerprint()
    scan(client, occasion)
    assert fingerprint() == before
