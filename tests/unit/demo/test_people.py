"""The demo's cast: the same for the same seed, and enrolled from a file that the platform reads."""

from __future__ import annotations

from datetime import UTC, datetime

from studyplatform.demo.people import DEAD_ADDRESS, cast, enrolment_csv, stream
from surveys.design import studyfile
from surveys.design.library import shipped_study
from surveys.participants import csvfile

NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)


def test_the_same_seed_gives_the_same_people_and_another_seed_others() -> None:
    assert cast(1, 30) == cast(1, 30)
    assert cast(1, 30) != cast(2, 30)


def test_a_larger_cast_begins_with_the_smaller_one() -> None:
    assert cast(1, 60)[:20] == cast(1, 21)[:20]


def test_streams_depend_on_their_names_only() -> None:
    assert stream(1, "a", 2).random() == stream(1, "a", 2).random()
    assert stream(1, "a", 2).random() != stream(1, "a", 3).random()


def test_the_cast_lives_in_several_zones_and_speaks_both_languages() -> None:
    people = cast(1, 60)
    assert len({person.timezone for person in people}) >= 3
    assert {person.language for person in people} == {"en", "de"}
    assert len({person.code for person in people}) == 60
    assert people[-1].email == DEAD_ADDRESS


def test_the_enrolment_file_is_one_that_the_platform_reads() -> None:
    protocol = studyfile.read(shipped_study()).protocol
    people = cast(1, 60)
    entries = csvfile.read(enrolment_csv(people, NOW, 1).encode(), protocol=protocol, now=NOW)
    assert [entry.code for entry in entries] == [person.code for person in people]
