"""Impatient people press twice; every press is a request of its own, at the same instant."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client

from surveys.audit.models import Event
from surveys.responding.models import Submission
from surveys.scheduling.models import Message
from tests.answering import link, make_answerable
from tests.functional.portal.test_pages import hidden
from tests.questionnaires import SHORT

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

pytestmark = pytest.mark.django_db(transaction=True)

N = 12


def test_twelve_presses_at_once_store_one_and_lead_all_to_thanks(client: Client) -> None:
    occasion = make_answerable([SHORT])
    client.post(link(occasion), {"start": "1"})
    typed = hidden(client.get("/survey/")) | {"mood": "3"}
    barrier = threading.Barrier(N)

    def press(_n: int) -> Reply:
        other = Client()
        other.cookies = client.cookies
        try:
            barrier.wait(timeout=30)
            return other.post("/survey/", typed)
        finally:
            connection.close()

    with ThreadPoolExecutor(N) as threads:
        replies = list(threads.map(press, range(N)))
    assert {(reply.status_code, reply["Location"]) for reply in replies} == {
        (303, "/survey/thanks/")
    }
    assert Submission.objects.get().answers == {"mood": 3}
    assert Event.objects.filter(event="occasion.completed").count() == 1
    kinds = Message.objects.values_list("occasion", "kind", "nth")
    assert len(kinds) == len(set(kinds)), "the plan was not doubled either"
