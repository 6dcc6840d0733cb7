"""Writing and reading who people are. Only the modules named in `.importlinter` may ask.

Everything personal is encrypted for its own row, and found again by a keyed fingerprint only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from surveys.design.models import Study
from surveys.lib.crypto import Keyring
from surveys.participants.addresses import normalise
from surveys.participants.identity.models import Person
from surveys.participants.models import Participant

SUPPRESSION = "surveys_suppression:address_index"
MAIL_DOMAIN = "surveys_maildomain:domain_index"


@dataclass(frozen=True)
class Contact:
    """How to write to somebody. It never shows itself in logs and tracebacks."""

    email: str = field(repr=False)
    name: str = field(repr=False)


class Fingerprints(NamedTuple):
    """An address as it may be suppressed, under every key, and its domain under the active one."""

    address: list[bytes]
    domain: bytes


@dataclass(frozen=True)
class NewPerson:
    """Somebody to be remembered."""

    participant: Participant
    email: str = field(repr=False)
    name: str = field(default="", repr=False)


def remember_all(people: Iterable[NewPerson]) -> Sequence[Person]:
    """Keep many; raises IntegrityError when an address is already known in its study."""
    return Person.objects.bulk_create([_sealed(new) for new in people], batch_size=2000)


def contacts_of(participant_ids: Iterable[int]) -> dict[int, Contact]:
    """The contacts of many by participant id; who has none is not in it. CannotDecrypt is loud."""
    people = Person.objects.filter(participant_id__in=list(participant_ids))
    return {p.participant_id: _opened(p) for p in people if p.participant_id is not None}


def find_all(study: Study, emails: Iterable[str]) -> Mapping[str, int | None]:
    """Participant ids by the given addresses that are known; None means forgotten."""
    ring = keyring()
    sought = {
        index: email
        for email in emails
        for index in ring.blind_indexes(normalise(email), index_context(study.pk))
    }
    rows = Person.objects.filter(study=study, email_index__in=list(sought))
    known = rows.values_list("email_index", "participant_id")
    return {sought[bytes(index)]: participant for index, participant in known}


def address_index(email: str) -> bytes:
    """The fingerprint under which an address is suppressed, alike in every study; 16 bytes."""
    return keyring().blind_index(normalise(email), SUPPRESSION)


def address_indexes(email: str) -> list[bytes]:
    """Its fingerprint under every key, the active one first, to look a suppression up."""
    return keyring().blind_indexes(normalise(email), SUPPRESSION)


def fingerprints(email: str) -> Fingerprints:
    """What the delivery compares of an address; raises BadAddress."""
    ring, address = keyring(), normalise(email)
    domain = address.rpartition("@")[2]
    return Fingerprints(
        ring.blind_indexes(address, SUPPRESSION), ring.blind_index(domain, MAIL_DOMAIN)
    )


def correct(participant: Participant, email: str) -> bool:
    """Write somebody's address anew; False when it is as it was or nothing is known of them.

    Raises IntegrityError when another participant of the study has it.
    """
    person = Person.objects.select_for_update().filter(participant=participant).first()
    if person is None or (contact := _opened(person)).email == email:
        return False
    _seal(person, email, contact.name)
    person.save(update_fields=["email", "name", "email_index"])
    return True


def forget(participant: Participant) -> None:
    """Delete name and address and cut the tie; the keyed fingerprint stays, tied to nobody."""
    Person.objects.filter(participant=participant).update(participant=None, email="", name="")


def reseal(limit: int) -> int:
    """Write up to `limit` people anew under the active key, waiting for rows that others hold.

    The fingerprints of people who were forgotten stay under the key of their time: nobody can
    make them anew without the address.
    """
    people = list(_under_old_keys().order_by("pk").select_for_update()[:limit])
    for person in people:
        contact = _opened(person)
        _seal(person, contact.email, contact.name)
    Person.objects.bulk_update(people, ["email", "name", "email_index"])
    return len(people)


def count_under_old_keys() -> int:
    """How many people are not written under the active key; 0 when a rotation is done."""
    return _under_old_keys().count()


def count_forgotten() -> int:
    """How many people are known by their fingerprint alone."""
    return Person.objects.filter(email="").count()


def _under_old_keys() -> QuerySet[Person]:
    return Person.objects.exclude(email="").exclude(email__startswith=keyring().mark)


def _sealed(new: NewPerson) -> Person:
    person = Person(participant=new.participant, study_id=new.participant.study_id)
    _seal(person, new.email, new.name)
    return person


def _seal(person: Person, email: str, name: str) -> None:
    ring = keyring()
    person.email = ring.encrypt(email, _context("email", person.id))
    person.name = ring.encrypt(name, _context("name", person.id)) if name else ""
    person.email_index = ring.blind_index(normalise(email), index_context(person.study_id))


def _opened(person: Person) -> Contact:
    ring = keyring()
    email = ring.decrypt(person.email, _context("email", person.id))
    name = ring.decrypt(person.name, _context("name", person.id)) if person.name else ""
    return Contact(email, name)


def _context(column: str, row: UUID) -> str:
    return f"surveys_person:{column}:{row}"


def index_context(study_id: int) -> str:
    """What an address of one study is fingerprinted for; equal in people and in sign-ups."""
    return f"surveys_person:email_index:study {study_id}"


def keyring() -> Keyring:
    """The keys that this platform encrypts contacts with."""
    return _parsed(settings.FIELD_KEYS)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Keyring:
    return Keyring.parse(text)
