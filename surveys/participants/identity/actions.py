"""Writing and reading who people are. Only the modules named in `.importlinter` may ask.

Everything personal is encrypted for its own row, and found again by a keyed fingerprint only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from surveys.design.models import Study
from surveys.lib.crypto import Keyring
from surveys.participants.addresses import normalise
from surveys.participants.identity.models import Person
from surveys.participants.models import Participant


class NoContact(LookupError):
    """The participant's address is not known: never given, or forgotten."""


@dataclass(frozen=True)
class Contact:
    """How to write to somebody. It never shows itself in logs and tracebacks."""

    email: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True)
class NewPerson:
    """Somebody to be remembered."""

    participant: Participant
    email: str = field(repr=False)
    name: str = field(default="", repr=False)


def remember(*, participant: Participant, email: str, name: str = "") -> Person:
    """Keep one participant's address and name."""
    (person,) = remember_all([NewPerson(participant, email, name)])
    return person


def remember_all(people: Iterable[NewPerson]) -> Sequence[Person]:
    """Keep many; raises IntegrityError when an address is already known in its study."""
    return Person.objects.bulk_create([_sealed(new) for new in people], batch_size=2000)


def contact_of(participant_id: int) -> Contact:
    """How to write to a participant; raises NoContact, and CannotDecrypt loudly."""
    try:
        return contacts_of([participant_id])[participant_id]
    except KeyError:
        raise NoContact(f"participant {participant_id} has no address") from None


def contacts_of(participant_ids: Iterable[int]) -> dict[int, Contact]:
    """The contacts of many by participant id; who has none is not in it."""
    people = Person.objects.filter(participant_id__in=list(participant_ids))
    return {p.participant_id: _opened(p) for p in people if p.participant_id is not None}


def find(study: Study, email: str) -> int | None:
    """The id of the participant with this address in the study, if there is one."""
    return find_all(study, [email]).get(email)


def find_all(study: Study, emails: Iterable[str]) -> Mapping[str, int | None]:
    """Participant ids by the given addresses that are known; None means forgotten."""
    ring = _keyring()
    sought = {
        index: email
        for email in emails
        for index in ring.blind_indexes(normalise(email), _index_context(study.pk))
    }
    rows = Person.objects.filter(study=study, email_index__in=list(sought))
    known = rows.values_list("email_index", "participant_id")
    return {sought[bytes(index)]: participant for index, participant in known}


def forget(participant: Participant) -> None:
    """Delete name and address and cut the tie; the keyed fingerprint stays, tied to nobody."""
    Person.objects.filter(participant=participant).update(participant=None, email="", name="")


def reseal(limit: int) -> int:
    """Write up to `limit` people anew under the active key; 0 when everybody is.

    The fingerprints of people who were forgotten stay under the key of their time.
    """
    ring = _keyring()
    old = Person.objects.exclude(email="").exclude(email__startswith=ring.mark)
    people = list(old.select_for_update(skip_locked=True)[:limit])
    for person in people:
        contact = _opened(person)
        _seal(person, contact.email, contact.name)
    Person.objects.bulk_update(people, ["email", "name", "email_index"])
    return len(people)


def _sealed(new: NewPerson) -> Person:
    person = Person(participant=new.participant, study_id=new.participant.study_id)
    _seal(person, new.email, new.name)
    return person


def _seal(person: Person, email: str, name: str) -> None:
    ring = _keyring()
    person.email = ring.encrypt(email, _context("email", person.id))
    person.name = ring.encrypt(name, _context("name", person.id)) if name else ""
    person.email_index = ring.blind_index(normalise(email), _index_context(person.study_id))


def _opened(person: Person) -> Contact:
    ring = _keyring()
    email = ring.decrypt(person.email, _context("email", person.id))
    name = ring.decrypt(person.name, _context("name", person.id)) if person.name else ""
    return Contact(email, name)


def _context(column: str, row: UUID) -> str:
    return f"surveys_person:{column}:{row}"


def _index_context(study_id: int) -> str:
    return f"surveys_person:email_index:study {study_id}"


def _keyring() -> Keyring:
    return _parsed(settings.FIELD_KEYS)


@lru_cache(maxsize=4)
def _parsed(text: str) -> Keyring:
    return Keyring.parse(text)
