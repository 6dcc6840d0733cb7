"""What is read past the ORM is what the ORM would have read."""

from __future__ import annotations

from datetime import time

import pytest

from surveys.design.models import ProtocolVersion
from surveys.lib import sql
from surveys.lib.reading import Part, Reading
from surveys.participants.models import Anchor, Participant
from surveys.scheduling.models import Occasion
from tests.world import NOW, make_occasion, make_participant, make_study

pytestmark = pytest.mark.django_db

BY_CODE = Reading(
    (
        Part(Participant, "p"),
        Part(ProtocolVersion, "v", unread=("document",)),
        Part(Anchor, "a"),
    ),
    """
    FROM surveys_participant p
    JOIN surveys_protocolversion v ON v.id = p.protocol_id
    LEFT JOIN surveys_anchor a ON a.participant_id = p.id
    WHERE p.code = ANY(%(codes)s) ORDER BY p.code
    """,
)


def test_rows_are_the_instances_of_the_orm() -> None:
    study = make_study()
    first = make_participant(study, strata={"site": ["a", "b"]}, time_of_day=time(18, 30))
    second = make_participant(study, "BBBB-0002")
    anchor = Anchor.objects.create(participant=second, name="start", on=NOW.date())
    rows = BY_CODE.rows(codes=[first.code, second.code, "CCCC-0003"])
    assert rows == [[first, first.protocol, None], [second, second.protocol, anchor]]
    for read, stored in zip((rows[0][0], rows[1][2]), (first, anchor), strict=True):
        stored.refresh_from_db()
        for field in stored._meta.concrete_fields:
            assert getattr(read, field.attname) == getattr(stored, field.attname), field.name


def test_what_was_not_read_is_read_when_it_is_asked_for() -> None:
    person = make_participant(make_study())
    ((_, version, _),) = BY_CODE.rows(codes=[person.code])
    assert version.get_deferred_fields() == {"document"}
    assert version.document == ProtocolVersion.objects.get().document


def test_an_instance_can_be_written() -> None:
    occasion = make_occasion(make_participant(make_study()))
    everything = Reading((Part(Occasion, "o"),), "FROM surveys_occasion o")
    ((row,),) = everything.rows()
    row.local = {**row.local, "day": "2027-03-01"}
    row.save()
    occasion.refresh_from_db()
    assert occasion.local["day"] == "2027-03-01"


def test_the_server_plans_it_once() -> None:
    for _ in range(3):
        BY_CODE.rows(codes=[])
    found = sql.rows(
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %(like)s",
        {"like": "SELECT p.%surveys_anchor a ON%"},
    )
    assert found == [(1,)]
