"""What is written past the ORM is what the ORM would have written."""

from __future__ import annotations

from copy import copy

import pytest
from django.db import DatabaseError, IntegrityError, models, transaction

from surveys.audit.models import Event
from surveys.lib import sql
from surveys.lib.writing import Writing
from surveys.scheduling.models import Occasion
from tests.world import NOW, make_occasion, make_participant, make_study

pytestmark = pytest.mark.django_db

OCCASION = Writing(Occasion)


def new_one() -> Occasion:
    """Beside one that is there already."""
    first = make_occasion(make_participant(make_study()), local={"zone": 'Europe/"Köln"\\ %s'})
    row = Occasion(**{f.attname: getattr(first, f.attname) for f in Occasion._meta.concrete_fields})
    row.pk, row.nth, row.closes_at = Occasion().pk, 2, None
    return row


def is_stored(row: models.Model) -> bool:
    fields = row._meta.concrete_fields
    fresh = type(row)._default_manager.get(pk=row.pk)
    return all(getattr(fresh, f.attname) == getattr(row, f.attname) for f in fields)


def test_a_new_instance_is_stored_as_it_is() -> None:
    row = new_one()
    assert sql.execute_together(OCCASION.of(row)) == (1,)
    assert is_stored(row)


def test_one_that_was_read_is_overwritten_and_no_other() -> None:
    sql.execute_together(OCCASION.of(new_one()))
    first, second = Occasion.objects.order_by("nth")
    second.link_opened_at, second.local = NOW, {}
    assert sql.execute_together(OCCASION.of(second)) == (1,)
    assert is_stored(second)
    assert is_stored(first)


def test_a_new_one_overwrites_nothing() -> None:
    row = new_one()
    row.nth = 1
    with pytest.raises(IntegrityError, match="occasion_once"), transaction.atomic():
        sql.execute_together(OCCASION.of(row))


def test_one_that_was_read_and_is_gone_is_said_to_be() -> None:
    new_one()
    row = Occasion.objects.get()
    gone = copy(row)
    row.delete()
    with pytest.raises(DatabaseError, match="gone"):
        sql.execute_together(OCCASION.of(gone))
    assert not Occasion.objects.exists()


def test_a_key_that_the_database_gives_is_given() -> None:
    event = Event(at=NOW, event="study.looked_at", actor_kind="system", data={"n": [1, None]})
    assert sql.execute_together(*[Writing(Event).of(event)] * 2) == (1, 1)
    assert len(set(Event.objects.values_list("pk", flat=True))) == 2
    assert Event.objects.filter(event=event.event, data=event.data, at=NOW).count() == 2
