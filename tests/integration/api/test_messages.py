"""The outbox for machines."""

from __future__ import annotations

import pytest

from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.scheduling.models import Message
from tests import world
from tests.integration.api.callers import client, user
from tests.world import NOW

pytestmark = pytest.mark.django_db
URL = "/api/v1/studies/calm-year/messages/"


@pytest.fixture
def message() -> Message:
    """An invitation of which nobody knows whether it arrived, and a reminder to come."""
    occasion = world.make_occasion(world.make_participant(world.make_study()), closes_at=None)
    world.make_message(occasion, "reminder", due_at=NOW)
    return world.make_message(occasion, state="unknown")


def test_messages_are_listed_with_where_they_stand(message: Message) -> None:
    program = client(user(message.occasion.participant.study, Role.AUDITOR))
    (shown,) = program.get(URL, {"state": "unknown"}).json()["results"]
    assert shown == {
        "id": str(message.pk),
        "participant": "AAAA-0001",
        "wave": "baseline",
        "occasion_nth": 1,
        "kind": "invitation",
        "nth": 1,
        "state": "unknown",
        "why_not": "",
        "due_at": "2027-03-01T08:00:00Z",
        "sent_at": None,
        "n_attempts": 0,
        "link_opened_at": None,
    }
    assert len(program.get(URL).json()["results"]) == 2
    assert program.get(URL, {"state": "lost"}).status_code == 400


def test_an_unknown_one_is_sent_again_once(message: Message) -> None:
    study = message.occasion.participant.study
    program = client(user(study, Role.COORDINATOR))
    for _ in range(2):
        answer = program.post(f"{URL}{message.pk}/resend/")
        assert (answer.status_code, answer.json()["state"]) == (200, "due")
    assert Event.objects.filter(event="message.resent").count() == 1
    Message.objects.update(state="failed")
    refused = program.post(f"{URL}{message.pk}/resend/")
    assert refused.status_code == 409
    assert "this one is failed" in refused.json()["detail"]
    auditor = client(user(study, Role.AUDITOR, "auditor@example.org"))
    assert auditor.post(f"{URL}{message.pk}/resend/").status_code == 404
