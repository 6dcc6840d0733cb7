"""Pages are saved once, in order, until they are final."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from surveys import pipeline
from surveys.audit.models import Event
from surveys.responding.actions import AlreadyFinal, PageSaved
from surveys.responding.answers import Problem
from surveys.responding.models import Submission
from surveys.responding.places import Place
from surveys.responding.standing import NoSuchPage, standing
from surveys.scheduling.actions import OccasionClosed
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import make_questionnaire
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import NOW

pytestmark = pytest.mark.django_db

PAGE_1 = {"closeness": "6", "age": "40", "hours": "7,5"}
PAGE_2 = {"change": "-2", "note": "Zoe\u0308", "agree": "1"}


@pytest.fixture
def occasion() -> Occasion:
    return make_questionnaire()


def save(
    occasion: Occasion,
    page: int,
    posted: dict[str, str],
    *,
    of: str = EVERY_KIND.ref,
    forward: bool = True,
    now: datetime = NOW,
) -> PageSaved:
    return pipeline.save_page(
        occasion=occasion.id, instrument=of, page=page, posted=posted, forward=forward, now=now
    )


def past_the_first(occasion: Occasion) -> None:
    save(occasion, 1, {"mood": "3"}, of=SHORT.ref)


def test_the_first_save_starts_the_occasion_and_makes_a_draft(occasion: Occasion) -> None:
    past_the_first(occasion)
    saved = save(occasion, 1, PAGE_1)
    assert (saved.completed, saved.problems) == (False, {})
    assert saved.place == Place(EVERY_KIND.ref, 2)
    row = Submission.objects.get(instrument__code="every-kind")
    assert row.answers == {"closeness": 6, "age": 40, "hours": 7.5}
    assert (row.state, row.finished_at) == (Submission.State.DRAFT, None)
    occasion.refresh_from_db()
    assert (occasion.state, occasion.started_at) == (OccasionState.STARTED, NOW)


def test_a_questionnaire_is_answered_to_its_end(occasion: Occasion) -> None:
    assert save(occasion, 1, {"mood": "3"}, of=SHORT.ref).place == Place(EVERY_KIND.ref, 1)
    save(occasion, 1, PAGE_1)
    save(occasion, 2, PAGE_2)
    last = save(occasion, 3, {"action-": "1"}, now=NOW + timedelta(minutes=5))
    assert (last.completed, last.place) == (True, None)
    assert set(Submission.objects.values_list("state", flat=True)) == {Submission.State.FINAL}
    occasion.refresh_from_db()
    assert occasion.state == OccasionState.COMPLETED
    event = Event.objects.get()
    assert (event.event, event.actor_kind, event.subject) == (
        "occasion.completed",
        "participant",
        "AAAA-0001",
    )


def test_what_is_valid_is_kept_when_another_item_needs_attention(occasion: Occasion) -> None:
    past_the_first(occasion)
    saved = save(occasion, 1, {"closeness": "6", "age": "12"})
    assert saved.problems == {"age": Problem.OUT_OF_RANGE}
    assert saved.place == Place(EVERY_KIND.ref, 1)
    assert Submission.objects.get(instrument__code="every-kind").answers == {"closeness": 6}
    assert standing(occasion).place == Place(EVERY_KIND.ref, 1)


def test_a_page_without_a_single_answer_stores_nothing_before_it_is_confirmed(
    occasion: Occasion,
) -> None:
    assert save(occasion, 1, {}, of=SHORT.ref).problems == {"mood": Problem.UNANSWERED}
    occasion.refresh_from_db()
    assert (occasion.state, Submission.objects.count()) == (OccasionState.OPEN, 0)
    save(occasion, 1, {"confirmed_skips": "mood"}, of=SHORT.ref)
    assert Submission.objects.get().answers == {"mood": None}


def test_going_back_keeps_what_was_typed_and_insists_on_nothing(occasion: Occasion) -> None:
    past_the_first(occasion)
    save(occasion, 1, PAGE_1)
    saved = save(occasion, 2, {"change": "5"}, forward=False)
    assert saved.place == Place(EVERY_KIND.ref, 1)
    assert standing(occasion).filled[EVERY_KIND.ref].answers["change"] == 5
    assert standing(occasion).place == Place(EVERY_KIND.ref, 2), "page 2 is still to be completed"


def test_a_text_that_was_emptied_is_emptied_also_on_the_way_back(occasion: Occasion) -> None:
    past_the_first(occasion)
    save(occasion, 1, PAGE_1)
    save(occasion, 2, {"note": "a secret"}, forward=False)
    save(occasion, 2, {"note": ""}, forward=False)
    assert standing(occasion).filled[EVERY_KIND.ref].answers["note"] is None


@pytest.mark.parametrize(
    ("of", "page"),
    [(EVERY_KIND.ref, 1), (SHORT.ref, 2), (SHORT.ref, 0), ("every-kind@2", 1), ("calm@1", 1)],
)
def test_nobody_jumps_ahead_or_into_another_questionnaire(
    occasion: Occasion, of: str, page: int
) -> None:
    with pytest.raises(NoSuchPage):
        save(occasion, page, {"mood": "3"}, of=of)
    assert not Submission.objects.exists()


def test_the_same_page_twice_is_stored_once_and_leads_to_the_same_place(
    occasion: Occasion,
) -> None:
    past_the_first(occasion)
    shown = {"shown": (NOW - timedelta(seconds=30)).isoformat()}
    first = save(occasion, 1, PAGE_1 | shown)
    second = save(occasion, 1, PAGE_1 | shown, now=NOW + timedelta(seconds=1))
    assert second.place == first.place
    row = Submission.objects.get(instrument__code="every-kind")
    assert len(row.paradata["pages"]) == 1
    assert row.started_at == NOW - timedelta(seconds=30)


def test_the_last_page_twice_gives_the_same_end_once(occasion: Occasion) -> None:
    past_the_first(occasion)
    save(occasion, 1, PAGE_1)
    save(occasion, 2, PAGE_2)
    assert save(occasion, 3, {}).completed
    again = save(occasion, 3, {})
    assert (again.completed, again.place) == (False, None)
    assert Event.objects.count() == 1


def test_other_answers_after_the_end_are_refused_and_the_first_are_kept(
    occasion: Occasion,
) -> None:
    past_the_first(occasion)
    with pytest.raises(AlreadyFinal):
        save(occasion, 1, {"mood": "5"}, of=SHORT.ref)
    assert Submission.objects.get().answers == {"mood": 3}


def test_a_final_submission_cannot_be_changed_in_the_database_either(occasion: Occasion) -> None:
    past_the_first(occasion)
    with pytest.raises(IntegrityError, match="final"), transaction.atomic():
        Submission.objects.update(answers={"mood": 1})
    with (
        pytest.raises(IntegrityError, match="final"),
        transaction.atomic(),
        connection.cursor() as sql,
    ):
        sql.execute("DELETE FROM surveys_submission")
    assert Submission.objects.get().answers == {"mood": 3}


def test_a_closed_window_takes_nothing(occasion: Occasion) -> None:
    assert occasion.closes_at is not None
    with pytest.raises(OccasionClosed):
        save(occasion, 1, {"mood": "3"}, of=SHORT.ref, now=occasion.closes_at)
    assert not Submission.objects.exists()


def test_people_under_way_finish_on_the_protocol_they_were_planned_with(
    occasion: Occasion,
) -> None:
    past_the_first(occasion)
    study = occasion.participant.study
    newer = study.protocols.create(
        version=2,
        content_hash="f" * 64,
        document=occasion.protocol.document
        | {"waves": [occasion.protocol.document["waves"][0] | {"instruments": ["short@1"]}]},
        published_at=NOW,
    )
    occasion.participant.protocol = newer
    occasion.participant.save()
    assert save(occasion, 1, PAGE_1).place == Place(EVERY_KIND.ref, 2)


def test_paradata_tell_how_the_answers_came_about(occasion: Occasion) -> None:
    shown = (NOW - timedelta(seconds=20)).isoformat()
    posted = {"mood": "3", "shown": shown, "seconds": "12", "language": "de"}
    save(occasion, 1, posted, of=SHORT.ref)
    paradata = Submission.objects.get().paradata
    assert paradata["language"] == "de"
    assert paradata["order"] == ["mood"]
    assert paradata["items"] == {"mood": {"first": 20.0, "last": 20.0, "changes": 0}}
    assert paradata["pages"][0]["seconds"] == 12.0
