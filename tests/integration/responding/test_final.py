"""What was handed in stays, whatever somebody with the database at hand writes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from surveys.responding.models import Submission
from tests.answering import make_questionnaire
from tests.questionnaires import SHORT
from tests.world import NOW, make_instrument

pytestmark = pytest.mark.django_db

STATEMENTS = {
    "answers": "UPDATE surveys_submission SET answers = '{\"mood\": 5}'",
    "one answer": "UPDATE surveys_submission SET answers = jsonb_set(answers, '{mood}', '5')",
    "paradata": "UPDATE surveys_submission SET paradata = '{}'",
    "back to a draft": "UPDATE surveys_submission SET state = 'draft', finished_at = NULL",
    "when it was handed in": "UPDATE surveys_submission SET finished_at = now()",
    "when it was saved": "UPDATE surveys_submission SET saved_at = now()",
    "whose it is": "UPDATE surveys_submission SET occasion_id = gen_random_uuid()",
    "erased, yet full": "UPDATE surveys_submission SET erased_at = now()",
    "emptied without a word": "UPDATE surveys_submission SET answers = '{}', paradata = '{}'",
    "deleted": "DELETE FROM surveys_submission",
    "written over": (
        "INSERT INTO surveys_submission (id, occasion_id, instrument_id, state, answers, paradata,"
        " started_at, saved_at) SELECT gen_random_uuid(), occasion_id, instrument_id, 'draft',"
        " '{\"mood\": 5}', '{}', now(), now() FROM surveys_submission"
        " ON CONFLICT (occasion_id, instrument_id) DO UPDATE SET answers = excluded.answers"
    ),
}


def make(state: str) -> Submission:
    return Submission.objects.create(
        occasion=make_questionnaire([SHORT]), instrument=make_instrument(), state=state,
        answers={"mood": 3}, started_at=NOW, saved_at=NOW,
        finished_at=NOW if state == "final" else None,
    )  # fmt: skip


def execute(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


@pytest.mark.parametrize("what", STATEMENTS)
def test_the_database_refuses(what: str) -> None:
    make("final")
    before = Submission.objects.values().get()
    with pytest.raises(IntegrityError, match="the submission is final"), transaction.atomic():
        execute(STATEMENTS[what])
    assert Submission.objects.values().get() == before


@pytest.mark.parametrize(
    "what", ["answers", "one answer", "paradata", "when it was saved", "written over", "deleted"]
)
def test_a_draft_takes_it(what: str) -> None:
    """The control: it is being final, and not the statement, that is refused."""
    make("draft")
    assert execute(STATEMENTS[what]) == 1
