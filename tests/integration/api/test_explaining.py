"""Why was this sent, and why was nothing sent, as a program reads it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from surveys.access.roles import Role
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from tests import world
from tests.integration.api.callers import client, user

pytestmark = pytest.mark.django_db


@pytest.fixture
def occasion() -> Occasion:
    now = clock.now()
    person = world.make_person(world.make_study(), "A-1", email="ada@secret.example")
    return world.make_occasion(
        person, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=9),
        local={"rule": "enrollment at 09:00", "guards": ["quiet_hours"], "day": "2027-03-01",
               "at": "09:00", "zone": "Europe/Berlin"},
    )  # fmt: skip


def ask(path: str) -> Any:
    program = client(user(Occasion.objects.get().participant.study, Role.AUDITOR))
    return program.get(f"/api/v1/studies/calm-year/{path}/explanation/")


def test_an_occasion_tells_its_rule_its_guards_and_its_messages(occasion: Occasion) -> None:
    message = world.make_message(occasion, due_at=clock.now() - timedelta(hours=1))
    Participant.objects.update(unsubscribed_at=clock.now())
    told = ask("occasions/A-1/baseline/1").json()
    assert told["zone"] == "Europe/Berlin"
    assert told["rule"] == "enrollment at 09:00"
    assert told["facts"] == {"day": "2027-03-01", "at": "09:00", "zone": "Europe/Berlin"}
    assert list(told["guards"]) == ["quiet_hours"]
    assert told["answer"][0] == "Nothing was sent so far."
    (each,) = told["messages"]
    assert each["id"] == str(message.pk)
    assert each["answer"].startswith("The invitation waits because the participant unsubscribed")
    (said_no,) = [guard for guard in each["guards"] if not guard["passed"]]
    assert (said_no["guard"], bool(said_no["at"])) == ("wants_mail", True)
    alone = ask(f"messages/{message.pk}").json()
    for moment in (alone, each):  # of asking: the two calls differ in it alone
        moment.pop("as_of")
        moment["guards"] = [guard for guard in moment["guards"] if not guard["passed"]]
    assert alone == each
    assert "secret" not in str(told)


def test_an_occasion_without_messages_says_why_nothing_was_sent(occasion: Occasion) -> None:
    Occasion.objects.update(state="excluded", cause="not_in_arm")
    told = ask("occasions/A-1/baseline/1").json()
    assert told["answer"] == ["No invitation was planned because the wave belongs to other arms."]
    assert told["messages"] == []


@pytest.mark.parametrize(
    "path",
    [
        "occasions/A-1/baseline/2",
        "occasions/A-1/m3/1",
        "occasions/A-2/baseline/1",
        "messages/00000000-0000-0000-0000-000000000001",
    ],
)
def test_what_is_not_there_is_not_found(occasion: Occasion, path: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_message_of_another_study_is_not_found(occasion: Occasion) -> None:
    elsewhere = world.make_participant(world.make_study("elsewhere"))
    foreign = world.make_message(world.make_occasion(elsewhere))
    program = client(user(occasion.participant.study, Role.OWNER))
    path = f"/api/v1/studies/calm-year/messages/{foreign.pk}/explanation/"
    assert program.get(path).status_code == 404
