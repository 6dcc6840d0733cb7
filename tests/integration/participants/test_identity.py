"""Who people are: encrypted at rest, found by fingerprint, forgotten for good."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib.crypto import CannotDecrypt
from surveys.participants.actions import Rotated, rotate_keys
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


def _remember(participant: Participant, email: str, name: str = "") -> None:
    identity.remember_all([identity.NewPerson(participant, email, name)])


def _contact(participant: Participant) -> identity.Contact:
    return identity.contacts_of([participant.pk])[participant.pk]


def _found(study: Study, email: str) -> int | None:
    return identity.find_all(study, [email]).get(email)


def _ana() -> Participant:
    participant = _participant(published(), "A-1")
    _remember(participant, "Ana.Lima@example.org", "Ana Lima")
    return participant


def test_a_contact_comes_back_as_it_was_given() -> None:
    participant = _ana()
    contact = _contact(participant)
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
    assert "Ana" not in repr(_contact(participant))
    assert "example" not in repr(identity.NewPerson(participant, "x@example.org", "Ana"))


def test_many_contacts_take_one_query(django_assert_num_queries: pytest.FixtureRequest) -> None:
    study = published()
    people = [_participant(study, f"P-{n}") for n in range(5)]
    identity.remember_all(identity.NewPerson(p, f"{p.code}@example.org") for p in people[:4])
    with django_assert_num_queries(1):  # type: ignore[operator]  # the fixture has no stub
        contacts = identity.contacts_of(p.pk for p in people)
    assert contacts[people[1].pk].email == "P-1@example.org"
    assert people[4].pk not in contacts


def test_people_are_found_by_any_spelling_of_their_address_in_their_study_only() -> None:
    participant = _ana()
    other = published("other")
    assert _found(participant.study, "ana.lima@EXAMPLE.org") == participant.pk
    assert _found(participant.study, "bea@example.org") is None
    assert _found(other, "ana.lima@example.org") is None


def test_the_fingerprints_of_one_address_in_two_studies_cannot_be_joined() -> None:
    _ana()
    other = _participant(published("other"), "A-1")
    _remember(other, "Ana.Lima@example.org")
    assert len({bytes(p.email_index) for p in Person.objects.all()}) == 2


def test_the_database_refuses_one_address_twice_in_a_study() -> None:
    participant = _ana()
    second = _participant(participant.study, "A-2")
    with pytest.raises(IntegrityError), transaction.atomic():
        _remember(second, "ANA.lima@example.org")


@pytest.mark.parametrize("column", ["email", "name"])
def test_swapped_rows_are_noticed(column: str) -> None:
    ana = _ana()
    bea = _participant(ana.study, "B-1")
    _remember(bea, "bea@example.org", "Bea")
    stolen = Person.objects.values_list(column, flat=True).get(participant=bea)
    Person.objects.filter(participant=ana).update(**{column: stolen})
    with pytest.raises(CannotDecrypt):
        _contact(ana)
    assert _contact(bea).name == "Bea"


def test_swapped_columns_are_noticed() -> None:
    ana = _ana()
    person = Person.objects.get(participant=ana)
    Person.objects.update(name=person.email)
    with pytest.raises(CannotDecrypt):
        _contact(ana)


def _keys(*letters: bytes) -> str:
    return ",".join(f"{c.decode()}:{base64.b64encode(c * 32).decode()}" for c in letters)


def test_a_new_key_leaves_everybody_readable_and_found(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    settings.FIELD_KEYS = _keys(b"b", b"a")
    bea = _participant(ana.study, "B-1")
    _remember(bea, "bea@example.org")
    found = identity.find_all(ana.study, ["Ana.Lima@example.org", "bea@example.org"])
    assert found == {"Ana.Lima@example.org": ana.pk, "bea@example.org": bea.pk}
    assert _contact(ana).name == "Ana Lima"


def test_after_rotation_the_old_key_can_go(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    others = [_participant(ana.study, f"P-{n}") for n in range(5)]
    identity.remember_all(identity.NewPerson(p, f"{p.code}@example.org") for p in others[:4])
    identity.forget(others[0])
    settings.FIELD_KEYS = _keys(b"b", b"a")
    assert rotate_keys(by=BY, now=NOW, batch=2) == Rotated(n_people=4, n_left=0, n_forgotten=1)
    assert rotate_keys(by=BY, now=NOW) == Rotated(n_people=0, n_left=0, n_forgotten=1)
    data = [event.data for event in Event.objects.order_by("pk")]
    assert data == [{"n_people": 4, "n_left": 0}, {"n_people": 0, "n_left": 0}]
    settings.FIELD_KEYS = _keys(b"b")
    assert _contact(ana).name == "Ana Lima"
    assert _contact(others[1]).email == "P-1@example.org"
    assert _found(ana.study, "Ana.Lima@example.org") == ana.pk


def test_somebody_enrolled_under_the_old_settings_meanwhile_is_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    settings.FIELD_KEYS = _keys(b"b", b"a")
    reseal = identity.reseal

    def reseal_then_enrol(limit: int) -> int:
        n_done = reseal(limit)
        if not n_done:
            settings.FIELD_KEYS = _keys(b"a")
            _remember(_participant(ana.study, "B-1"), "bea@example.org")
            settings.FIELD_KEYS = _keys(b"b", b"a")
        return n_done

    monkeypatch.setattr(identity, "reseal", reseal_then_enrol)
    assert rotate_keys(by=BY, now=NOW) == Rotated(n_people=1, n_left=1, n_forgotten=0)
    monkeypatch.undo()
    assert rotate_keys(by=BY, now=NOW).n_left == 0


def test_who_was_forgotten_is_recognised_as_long_as_the_old_key_stays(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    identity.forget(ana)
    settings.FIELD_KEYS = _keys(b"b", b"a")
    rotate_keys(by=BY, now=NOW)
    assert identity.find_all(ana.study, ["ana.lima@example.org"]) == {"ana.lima@example.org": None}


@pytest.mark.django_db(transaction=True)
def test_somebody_whose_row_is_held_is_waited_for(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    _ana()
    settings.FIELD_KEYS = _keys(b"b", b"a")

    def rotate() -> Rotated:
        try:
            return rotate_keys(by=BY, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Person.objects.select_for_update().get()
            rotating = pool.submit(rotate)
            with pytest.raises(TimeoutError):
                rotating.result(timeout=0.5)
        assert rotating.result(timeout=20) == Rotated(n_people=1, n_left=0, n_forgotten=0)


def test_a_lost_key_is_loud(settings: Settings) -> None:
    settings.FIELD_KEYS = _keys(b"a")
    ana = _ana()
    settings.FIELD_KEYS = _keys(b"b")
    with pytest.raises(CannotDecrypt, match="a"):
        _contact(ana)


def test_forgetting_leaves_a_fingerprint_tied_to_nobody() -> None:
    ana = _ana()
    identity.forget(ana)
    person = Person.objects.get()
    assert (person.participant, person.email, person.name) == (None, "", "")
    assert identity.find_all(ana.study, ["ana.lima@example.org"]) == {"ana.lima@example.org": None}
    assert identity.contacts_of([ana.pk]) == {}
    identity.forget(ana)


def test_the_database_refuses_a_tie_without_contact_and_contact_without_a_tie() -> None:
    _ana()
    for change in ({"email": ""}, {"participant": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Person.objects.update(**change)


def test_an_address_has_one_fingerprint_for_suppression_however_it_is_written() -> None:
    assert identity.address_index("Ana@Example.org") == identity.address_index("ana@example.org")
    assert identity.address_index("ana@example.org") != identity.address_index("bo@example.org")
    assert len(identity.address_index("ana@example.org")) == 16


def test_the_fingerprint_for_suppression_is_not_the_one_within_a_study() -> None:
    """Else whoever reads the database could tell who takes part in two studies."""
    participant = _ana()
    index = bytes(Person.objects.get(participant=participant).email_index)
    assert identity.address_index("ana.lima@example.org") != index


def test_an_older_fingerprint_is_found_after_the_key_has_changed(settings: Settings) -> None:
    before = identity.address_index("ana@example.org")
    settings.FIELD_KEYS = f"k2:{base64.b64encode(b'n' * 32).decode()},{settings.FIELD_KEYS}"
    assert identity.address_index("ana@example.org") != before
    assert identity.address_indexes("ana@example.org")[1:] == [before]
