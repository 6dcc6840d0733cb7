"""Instruments in the database: added once, never changed, found by what studies call them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from time import monotonic, sleep

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.instruments import actions, registry
from surveys.instruments.definition import Example, Instrument
from surveys.instruments.library import shipped
from surveys.instruments.models import InstrumentVersion
from tests.unit.instruments.building import build, scale

BY = Actor.system("a test")
NOW = datetime(2027, 1, 5, 9, tzinfo=UTC)


def small(text: str = "Question 1", **changes: object) -> Instrument:
    """A small instrument whose first item reads `text`."""
    doc = build(scales=[scale("m", {"q1": 1})]).model_dump(mode="json")
    doc["items"][0]["text"] = {"en": text}
    return Instrument.model_validate({**doc, **changes})


def add(definition: Instrument) -> InstrumentVersion:
    return actions.add(definition=definition, by=BY, now=NOW)


@pytest.mark.django_db
def test_an_added_instrument_comes_back_equal_and_leaves_one_event() -> None:
    row = add(small())
    registry._parsed.clear()  # as in another process
    assert registry.instrument("small@1") == small()
    assert registry.instrument_of(InstrumentVersion.objects.get()) == small()
    assert registry.version("small@1") == row
    event = Event.objects.get()
    assert (event.event, event.subject, event.actor) == ("instrument.added", "small@1", "a test")
    assert (event.at, event.data["content_hash"]) == (NOW, row.content_hash)


@pytest.mark.django_db
def test_adding_the_same_content_again_changes_nothing() -> None:
    assert add(small()) == add(small())
    assert InstrumentVersion.objects.count() == Event.objects.count() == 1


@pytest.mark.django_db
def test_another_content_under_a_taken_version_is_refused() -> None:
    add(small())
    with pytest.raises(actions.VersionTaken, match=r"'small@1' exists already .* next version"):
        add(small("Question one"))
    assert registry.instrument("small@1") == small()
    assert add(small("Question one", version=2)).ref == "small@2"
    assert [row.ref for row in registry.versions()] == ["small@1", "small@2"]


@pytest.mark.django_db
def test_an_instrument_whose_example_fails_is_not_added() -> None:
    wrong = small(examples=[Example(answers={"q1": 2}, scores={"m": 3}).model_dump()])
    with pytest.raises(actions.ExampleFails, match=r"scores.m says 3, the key and rule give 2"):
        add(wrong)
    assert not InstrumentVersion.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_the_shipped_instruments_are_added_once() -> None:
    first = actions.add_shipped(by=BY, now=NOW)
    assert [row.ref for row in first] == [one.ref for one in shipped()]
    assert actions.add_shipped(by=BY, now=NOW) == first
    registry._parsed.clear()
    assert tuple(registry.instrument(one.ref) for one in shipped()) == shipped()


@pytest.mark.django_db
def test_a_stored_version_cannot_be_changed_even_in_sql() -> None:
    add(small())
    with pytest.raises(DatabaseError, match="does not change"), transaction.atomic():
        InstrumentVersion.objects.update(document={})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        ("small@2", "did you mean small@1?"),
        ("small", "did you mean small@1?"),
        ("smal@1", "did you mean small@1?"),
        ("small@one", "did you mean small@1?"),
        ("small@99999999999999", "did you mean small@1?"),
        ("elsewhere@1", "there is no instrument 'elsewhere@1'"),
    ],
)
def test_an_unknown_reference_names_what_comes_near(ref: str, hint: str) -> None:
    add(small())
    with pytest.raises(registry.UnknownInstrument) as caught:
        registry.instrument(ref)
    assert str(caught.value).endswith(hint)


@pytest.mark.django_db
def test_a_document_is_fetched_and_parsed_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    add(small())
    registry._parsed.clear()
    first = registry.instrument("small@1")
    with django_assert_num_queries(1) as queries:
        assert registry.instrument("small@1") is first
    assert '"document"' not in queries.captured_queries[0]["sql"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("other", [small(), small("Question one")], ids=["same", "different"])
def test_two_people_adding_at_once_get_one_row_or_a_clear_refusal(other: Instrument) -> None:
    outcome: list[object] = []

    def second() -> None:
        try:
            outcome.append(add(other).content_hash)
        except actions.VersionTaken as error:
            outcome.append(error)
        finally:
            connection.close()

    rival = threading.Thread(target=second)
    with transaction.atomic():
        row = add(small())
        rival.start()  # sees no row yet, inserts, and must wait for this transaction
        _wait_until_somebody_waits_for_us()
    rival.join(10)
    assert InstrumentVersion.objects.count() == Event.objects.count() == 1
    if other == small():
        assert outcome == [row.content_hash]
    else:
        assert isinstance(outcome[0], actions.VersionTaken)


def _wait_until_somebody_waits_for_us() -> None:
    deadline = monotonic() + 10
    while monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        sleep(0.02)
    raise AssertionError("the second writer never waited")
