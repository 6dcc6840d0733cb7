"""Who people are: encrypted at rest, found by fingerprint, forgotten for good."""

from __future__ import annotations

import base64

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib.crypto import CannotDecrypt
from surveys.participants.actions import rotate_keys
from surveys.participants.identity import actions as identity
from surveys.participants.identity.models import Person
from surveys.participants.models import Participant
from tests.integration.participants.studies import BY, NOW, published

pytestmark = pytest.mark.django_db


def _participant(study: Study, code: str) -> Participant:
    return Participant.objects.create(
        study=study,
        protocol=study.protocols.get(),
        code=code,
        language="en",
        timezone="UTC",
        enrolled_at=NOW,
    )


def _ana() -> Participant:
    participant = _participant(published(), "A-1")
    identity.remember(participant=participant, email="Ana.Lima@example.org", name="Ana Lima")
    return participant


def test_a_contact_comes_back_as_it_was_given() -> None:
    participant = _ana()
    contact = identity.contact_of(participant.pk)
    assert (contact.email, contact.name) == ("Ana.Lima@example.org", "Ana Lima")


def test_the_table_shows_neither_name_nor_address() -> None:
    _ana()
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM surveys_person p")
        ((row,),) = cursor.fetchall()
    for part in ("Ana", "Lima", "example", "ana.lima"):
        assert part not in row


def test_a_contact_does_not_show_itself_in_tracebacks() -> None:
    participant = _ana()
    assert "Ana" not in repr(identity.contact_of(participant.pk))
    assert "example" not in repr(identity.NewPerson(participant, "x@example.org", "Ana"))


def test_many_contacts_take_one_query(django_assert_num_queries: pytest.FixtureRequest) -> None:
    study = published()
    people = [_participant(study, f"P-{n}") for n in range(5)]
    identity.remember_all(identity.NewPerson(p, f"{p.code}@example.org") for p in people[:4])
    with django_assert_num_queries(1):  # type: ignore[operator]  # the fixture has no stub
        contacts = identity.contacts_of(p.pk for p in people)
    assert contacts[people[1].pk].email == "P-1@example.org"
    assert people[4].pk not in contacts


def test_somebody_without_an_address_is_an_error_by_name() -> None:
    with pytest.raises(identity.NoContact):
        identity.contact_of(_participant(published(), "A-1").pk)


def test_people_are_found_by_any_spelling_of_their_address_in_their_study_only() -> None:
    participant = _ana()
    other = published("other")
    assert identity.find(participant.study, "ana.lima@EXAMPLE.org") == participant.pk
    assert identity.find(participant.study, "bea@example.org") is None
    assert identity.find(other, "ana.lima@example.org") is None


def test_the_fingerprints_of_one_address_in_two_studies_cannot_be_joined() -> None:
    _ana()
    other = _participant(published("other"), "A-1")
    identity.remember(participant=other, email="Ana.Lima@example.org")
    assert len({bytes(p.email_index) for p in Person.objects.all()}) == 2


def test_the_database_refuses_one_address_twice_in_a_study() -> None:
    participant = _ana()
    second = _participant(participant.study, "A-2")
    with pytest.raises(IntegrityError), transaction.atomic():
        identity.remember(participant=second, email="ANA.lima@example.org")


@pytest.mark.parametrize("column", ["email", "name"])
def test_swapped_rows_are_noticed(column: str) -> None:
    ana = _ana()
    bea = _participant(ana.study, "B-1")
    identity.remember(participant=bea, email="bea@example.org", name="Bea")
    stolen = Person.objects.values_list(column, flat=True).get(participant=bea)
    Person.objects.filter(participant=ana).update(**{column: stolen})
    with pytest.raises(CannotDecrypt):
        identity.contact_of(ana.pk)
    assert identity.contact_of(bea.pk).name == "Bea"


def test_swapped_columns_are_noticed() -> None:
    ana = _ana()
    person = Person.objects.get(participant=ana)
    Person.objects.update(name=person.email)
    with pytest.raises(CannotDecrypt):
        identity.contact_of(ana.pk)


def _keys(*letters: bytes) -> str:
    return ",".join(f"{c.decode()}:{base64.b64encode(c * 32).decode()}" for c in letters)


def test_a_new_key_leaves_everybody_readable_and_found(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    settings.FIELD_KEYS = _keys(b"b", b"a")
    bea = _participant(ana.study, "B-1")
    identity.remember(participant=bea, email="bea@example.org")
    found = identity.find_all(ana.study, ["Ana.Lima@example.org", "bea@example.org"])
    assert found == {"Ana.Lima@example.org": ana.pk, "bea@example.org": bea.pk}
    assert identity.contact_of(ana.pk).name == "Ana Lima"


def test_after_rotation_the_old_key_can_go(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    others = [_participant(ana.study, f"P-{n}") for n in range(5)]
    identity.remember_all(identity.NewPerson(p, f"{p.code}@example.org") for p in others[:4])
    identity.forget(others[0])
    settings.FIELD_KEYS = _keys(b"b", b"a")
    assert rotate_keys(by=BY, now=NOW, batch=2) == 4
    assert rotate_keys(by=BY, now=NOW) == 0
    assert [e.data for e in Event.objects.order_by("pk")] == [{"n_people": 4}, {"n_people": 0}]
    settings.FIELD_KEYS = _keys(b"b")
    assert identity.contact_of(ana.pk).name == "Ana Lima"
    assert identity.contact_of(others[1].pk).email == "P-1@example.org"
    assert identity.find(ana.study, "Ana.Lima@example.org") == ana.pk


def test_a_lost_key_is_loud(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    settings.FIELD_KEYS = _keys(b"b")
    with pytest.raises(CannotDecrypt, match="a"):
        identity.contact_of(ana.pk)


def test_forgetting_leaves_a_fingerprint_tied_to_nobody() -> None:
    ana = _ana()
    identity.forget(ana)
    person = Person.objects.get()
    assert (person.participant, person.email, person.name) == (None, "", "")
    assert identity.find_all(ana.study, ["ana.lima@example.org"]) == {"ana.lima@example.org": None}
    with pytest.raises(identity.NoContact):
        identity.contact_of(ana.pk)
    identity.forget(ana)


def test_the_database_refuses_a_tie_without_contact_and_contact_without_a_tie() -> None:
    _ana()
    for change in ({"email": ""}, {"participant": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Person.objects.update(**change)
