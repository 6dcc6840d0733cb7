"""What the database refuses whoever asks: rows of two studies in one, states without their times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from analytics.models import Export
from surveys.participants.identity.models import Person
from surveys.participants.models import Allocation, Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.world import (
    NOW,
    make_instrument,
    make_occasion,
    make_participant,
    make_person,
    make_study,
)

pytestmark = pytest.mark.django_db


def _refused(write: Callable[[], Any], says: str) -> None:
    with pytest.raises((IntegrityError, psycopg.IntegrityError), match=says), transaction.atomic():
        write()


def test_nothing_is_of_two_studies() -> None:
    one, two = make_study("one"), make_study("two")
    ada, bea = make_person(one), make_person(two)
    stranger = two.protocols.get()
    place = {"stratum": "", "position": 0, "arm": "a", "allocated_at": NOW}
    another = "of another study"
    _refused(lambda: make_participant(one, "B", protocol=stranger), another)
    _refused(lambda: Participant.objects.filter(pk=ada.pk).update(protocol=stranger), another)
    _refused(lambda: Participant.objects.filter(pk=ada.pk).update(study=two), "in their study")
    _refused(lambda: one.protocols.update(study=two), "stays in its study")
    _refused(lambda: Allocation.objects.create(participant=ada, study=two, **place), another)
    _refused(lambda: Person.objects.filter(participant=ada).update(study=two), another)
    _refused(lambda: make_occasion(ada, protocol=stranger), another)
    occasion = make_occasion(ada)
    _refused(lambda: Occasion.objects.update(protocol=stranger), another)
    _refused(lambda: Occasion.objects.update(participant=bea), another)
    Occasion.objects.update(participant=bea, protocol=stranger)
    Allocation.objects.create(participant=ada, study=one, **place)
    occasion.refresh_from_db()
    assert occasion.participant == bea


def test_a_copy_of_many_occasions_is_looked_at_too() -> None:
    ada, stranger = make_participant(make_study("one")), make_study("two").protocols.get()
    fields = "id, participant_id, protocol_id, wave, nth, state, cause, local, link_generation"

    def copy() -> None:
        with connection.cursor() as cursor:
            lines = f"COPY surveys_occasion ({fields}) FROM STDIN"
            with cursor.copy(lines) as rows:
                for n, protocol in enumerate((ada.protocol_id, stranger.pk), start=1):
                    key = f"00000000-0000-7000-8000-{n:012}"
                    rows.write_row((key, ada.pk, protocol, "m", n, "planned", "", "{}", 0))

    _refused(copy, "of another study")
    assert not Occasion.objects.exists()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "open", "opens_at": None, "closes_at": None}, "open_has_a_time"),
        ({"state": "started", "started_at": None}, "started_has_a_time"),
        ({"state": "completed", "started_at": None}, "completed_has_its_times"),
        ({"state": "completed", "ended_at": None}, "completed_has_its_times"),
    ],
)
def test_a_state_has_its_times(changes: dict[str, Any], constraint: str) -> None:
    ada = make_participant(make_study())
    _refused(lambda: make_occasion(ada, **changes), constraint)


@pytest.mark.parametrize("missing", ["path", "sha256"])
def test_an_export_that_is_ready_has_a_bundle(missing: str) -> None:
    whole = {"state": "ready", "path": "a.zip", "sha256": "0" * 64}
    rest = {"study": make_study(), "requested_at": NOW}
    _refused(lambda: Export.objects.create(**{**whole, missing: ""}, **rest), "ready_has_a_bundle")
    assert Export.objects.create(**whole, **rest).pk


def test_final_submissions_are_not_emptied_away() -> None:
    with (
        connection.cursor() as cursor
    ):  # the tests' own emptying needs it off; undone with the test
        cursor.execute(
            "ALTER TABLE surveys_submission ENABLE TRIGGER final_submissions_are_not_emptied"
        )
    Submission.objects.create(
        occasion=make_occasion(make_participant(make_study())),
        instrument=make_instrument(),
        started_at=NOW,
        saved_at=NOW,
    )

    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE surveys_submission")

    with connection.cursor() as cursor:  # a table with checks still to be made cannot be emptied
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    Submission.objects.update(state="final", finished_at=NOW)
    _refused(empty, "there are final submissions")
    assert Submission.objects.exists()


def test_a_process_of_an_older_release_writes_people_on_while_the_newer_one_comes() -> None:
    """It knows none of these columns, so the database fills them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND column_default IS NOT NULL"
            " AND table_name IN ('surveys_participant', 'surveys_signup')"
        )
        filled = set(cursor.fetchall())
    assert filled >= {
        ("surveys_participant", "reminders"),
        ("surveys_participant", "group"),
        ("surveys_signup", "group"),
    }
