"""The audit trail only grows: the database itself refuses everything else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from surveys.audit import log
from surveys.audit.actors import Actor, ActorKind
from surveys.audit.models import Event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY = Actor(ActorKind.STAFF, "staff-1")


def _recorded() -> Event:
    return log.record(
        "participant.withdrawn", by=BY, at=NOW, study="calm", subject="A-1", reason="moved", n=3
    )


def test_an_event_says_who_did_what_to_which_thing_when_and_why() -> None:
    _recorded()
    event = Event.objects.get()
    assert (event.event, event.subject, event.study) == ("participant.withdrawn", "A-1", "calm")
    assert (event.actor_kind, event.actor, event.at) == ("staff", "staff-1", NOW)
    assert (event.reason, event.data) == ("moved", {"n": 3})


def test_many_subjects_leave_an_event_each() -> None:
    log.record_each("participant.enrolled", ["A", "B"], by=BY, at=NOW, study="calm", source="csv")
    events = Event.objects.order_by("subject")
    assert [(e.subject, e.data, e.actor) for e in events] == [
        ("A", {"source": "csv"}, "staff-1"),
        ("B", {"source": "csv"}, "staff-1"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE surveys_event SET reason = 'other'",
        "UPDATE surveys_event SET reason = reason",
        "DELETE FROM surveys_event",
        "TRUNCATE surveys_event",
    ],
)
def test_the_database_refuses_to_change_the_past(statement: str) -> None:
    event = _recorded()
    with connection.cursor() as cursor:
        # tests/conftest.py turns this one off so that tests can clean up after themselves
        cursor.execute("ALTER TABLE surveys_event ENABLE TRIGGER event_is_not_emptied")
        with (
            pytest.raises(IntegrityError, match="the audit trail only grows"),
            transaction.atomic(),
        ):
            cursor.execute(statement)
    event.refresh_from_db()
    assert event.reason == "moved"


def test_django_cannot_change_the_past_either() -> None:
    event = _recorded()
    event.reason = "other"
    for change in (event.save, event.delete, Event.objects.all().delete):
        with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
            change()
    assert Event.objects.get().reason == "moved"


def test_an_event_outlives_what_it_is_about() -> None:
    assert not [field for field in Event._meta.get_fields() if field.is_relation]
