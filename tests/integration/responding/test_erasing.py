"""Erasing answers: what the database allows for whom, once and for good, also in a race."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.participants.models import Participant
from surveys.responding.erasing import erase
from surveys.responding.models import Submission
from surveys.scheduling.actions import OccasionClosed
from surveys.scheduling.models import Occasion
from tests.answering import make_questionnaire
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import NOW

pytestmark = pytest.mark.django_db
BY = Actor.participant("AAAA-0001")


def answered() -> Occasion:
    """One instrument handed in, one begun."""
    occasion = make_questionnaire()
    save(occasion, SHORT.ref, {"mood": "3"})
    save(occasion, EVERY_KIND.ref, {"closeness": "6", "age": "40", "hours": "7,5"})
    return occasion


def save(occasion: Occasion, of: str, posted: dict[str, str]) -> None:
    pipeline.save_page(
        occasion=occasion.pk, instrument=of, page=1, posted=posted, forward=True, now=NOW
    )


def leave(scope: str = "erase_data") -> None:
    pipeline.withdraw(participant=Participant.objects.get(), scope=scope, reason="", by=BY, now=NOW)


def test_all_answers_go_and_the_rows_stay() -> None:
    answered()
    assert set(Submission.objects.values_list("state", flat=True)) == {"draft", "final"}
    leave()
    for row in Submission.objects.all():
        assert (row.answers, row.paradata, row.erased_at) == ({}, {}, NOW)
        assert set(row.flat) <= {";"}
    (event,) = Event.objects.filter(event="answers.erased")
    assert (event.actor_kind, event.data) == ("participant", {"submissions": 2})


def test_twice_is_once_and_a_later_wider_scope_adds() -> None:
    answered()
    leave("keep_data")
    assert Submission.objects.filter(answers__mood=3).exists()
    leave()
    leave()
    assert Event.objects.filter(event="answers.erased").count() == 1
    assert not Submission.objects.exclude(answers={}).exists()


@pytest.mark.parametrize("scope", ["", "keep_data", "erase_contact"])
def test_the_database_erases_nothing_of_somebody_who_did_not_ask(scope: str) -> None:
    occasion = answered()
    if scope:
        leave(scope)
    with pytest.raises(IntegrityError, match="final"), transaction.atomic():
        erase(participant=occasion.participant, by=BY, now=NOW)
    assert Submission.objects.get(state="final").answers == {"mood": 3}


@pytest.mark.parametrize(
    "changes",
    [
        {"answers": {"mood": 1}},
        {"answers": {}, "paradata": {}},
        {"answers": {}, "paradata": {"order": []}, "erased_at": NOW},
        {"answers": {"mood": 1}, "paradata": {}, "erased_at": NOW},
        {"answers": {}, "paradata": {}, "erased_at": NOW, "saved_at": NOW.replace(year=2020)},
        {"answers": {}, "paradata": {}, "erased_at": NOW, "state": "draft", "finished_at": None},
    ],
)
def test_nothing_but_the_erasure_is_allowed(changes: dict[str, Any]) -> None:
    answered()
    leave("keep_data")
    Participant.objects.update(withdrawal_scope="erase_data")
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(state="final").update(**changes)
    assert Submission.objects.get(state="final").answers == {"mood": 3}


@pytest.mark.parametrize("state", ["draft", "final"])
@pytest.mark.parametrize(
    "changes",
    [{"answers": {"mood": 3}}, {"erased_at": None}, {"erased_at": None, "answers": {"a": 1}}],
)
def test_nothing_comes_back(state: str, changes: dict[str, Any]) -> None:
    answered()
    leave()
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(state=state).update(**changes)
    with pytest.raises(IntegrityError, match="erased"), transaction.atomic():
        Submission.objects.filter(state=state).delete()


def at_once(*acts: Any) -> list[Any]:
    start = threading.Barrier(len(acts))

    def run(act: Any) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return act()
        except Exception as error:  # the test looks at what went wrong
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_a_page_saved_while_somebody_leaves_is_erased_or_refused() -> None:
    occasion = answered()
    page = {"closeness": "5", "age": "41", "hours": "6"}
    for _ in range(5):
        saved, *left = at_once(lambda: save(occasion, EVERY_KIND.ref, page), leave, leave)
        assert left == [None, None]
        assert saved is None or isinstance(saved, OccasionClosed)
        assert not Submission.objects.exclude(answers={}).exists()
    assert Event.objects.filter(event="participant.withdrawn").count() == 1
    assert Event.objects.filter(event="answers.erased").count() == 1
