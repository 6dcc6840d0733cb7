"""Enrolment: with consent, all or none, and never anybody twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.design.queries import NotPublished
from surveys.lib import ids
from surveys.lib.documents import content_hash
from surveys.participants import actions, csvfile
from surveys.participants.enrolment import (
    ConsentMissing,
    EnrolmentConflict,
    EnrolmentResult,
    enrol,
)
from surveys.participants.entries import Entry, EntryProblems
from surveys.participants.identity import actions as identity
from surveys.participants.models import Allocation, ConsentRecord, Participant
from surveys.participants.randomisation import Blocks
from tests.integration.participants.studies import BY, NOW, entry, published
from tests.unit.participants.protocols import protocol

pytestmark = pytest.mark.django_db


def _enrol(study: Study, *entries: Entry) -> EnrolmentResult:
    return enrol(study=study, entries=entries, source="csv", by=BY, now=NOW)


def test_somebody_is_enrolled_with_everything_that_belongs_to_it() -> None:
    study = published()
    result = _enrol(study, entry(1, code="A-1", name="Ana", language="de"))
    (participant,) = result.created
    assert result.already == []
    assert participant == Participant.objects.get(study=study, code="A-1")
    assert (participant.language, participant.timezone) == ("de", "Europe/Berlin")
    assert (participant.site, participant.strata) == ("north", {"site": "north"})
    assert (participant.enrolled_at, participant.status) == (NOW, "enrolled")
    assert participant.protocol == study.protocols.get()
    assert identity.contacts_of([participant.pk])[participant.pk].email == "person1@example.org"
    place = Allocation.objects.get(participant=participant)
    assert (place.position, place.arm, place.allocated_at) == (0, participant.arm, NOW)
    assert place.arm in {"abct", "waitlist"}


def test_consent_is_kept_with_the_hash_of_the_text_that_was_read() -> None:
    study = published()
    (participant,) = _enrol(study, entry(language="de")).created
    consent = ConsentRecord.objects.get(participant=participant)
    assert consent.text_hash == content_hash("Ich stimme zu.")
    assert (consent.version, consent.language, consent.source) == (2, "de", "csv")
    assert consent.given_at == entry().consented_at


def test_every_enrolment_leaves_an_event_without_the_person_in_it() -> None:
    study = published()
    created = _enrol(study, *(entry(n, name=f"Name {n}") for n in range(3))).created
    events = Event.objects.filter(event="participant.enrolled", study="calm")
    assert {event.subject for event in events} == {p.code for p in created}
    assert events[0].data == {"source": "csv", "protocol": 1, "consent": 2}
    assert "person" not in "".join(str(vars(event)) for event in events).replace("participant", "")


def test_codes_are_drawn_anew_when_they_clash(monkeypatch: pytest.MonkeyPatch) -> None:
    study = published()
    _enrol(study, entry(0, code="TAKEN"))
    drawn = iter(["TAKEN", "GIVEN", "FIRST", "FIRST", "SECOND"])
    monkeypatch.setattr(ids, "participant_code", lambda: next(drawn))
    created = _enrol(study, entry(1), entry(2), entry(3, code="GIVEN")).created
    assert [p.code for p in created] == ["FIRST", "SECOND", "GIVEN"]


def test_the_same_code_may_be_used_in_another_study() -> None:
    _enrol(published("one"), entry(code="A-1"))
    assert len(_enrol(published("two"), entry(code="A-1")).created) == 1


def test_a_study_without_arms_allocates_nobody() -> None:
    study = published(arms=None, allocation=None)
    (participant,) = _enrol(study, entry(strata={}, site="")).created
    assert (participant.arm, participant.strata) == ("", {})
    assert not Allocation.objects.exists()


def test_places_are_taken_in_order_in_each_stratum() -> None:
    study = published()
    sites = ["north", "south", "north", "north", "south"]
    first = [entry(n, strata={"site": s}, site=s) for n, s in enumerate(sites)]
    _enrol(study, *first)
    _enrol(study, entry(9, strata={"site": "south"}, site="south"))
    places = Allocation.objects.order_by("pk").values_list("stratum", "position", "arm")
    assert [position for _, position, _ in places] == [0, 0, 1, 2, 1, 2]
    assert len({stratum for stratum, _, _ in places}) == 2
    for stratum, position, arm in places:
        blocks = Blocks([("abct", 1), ("waitlist", 1)], [4, 6], "seed", stratum)
        assert arm == next(blocks.from_place(position))


def test_long_strata_fit_the_table() -> None:
    names = [f"fact{n}" for n in range(5)]
    rules = {"method": "permuted-blocks", "block_sizes": [4], "strata": names}
    study = published(allocation=rules)
    strata = {name: name + "x" * 50 for name in names}
    other = {**strata, "fact4": "y" * 60}
    _enrol(study, entry(1, strata=strata), entry(2, strata=other), entry(3, strata=strata))
    places = Allocation.objects.order_by("pk").values_list("stratum", "position")
    assert [position for _, position in places] == [0, 0, 1]
    assert places[0][0] == places[2][0] != places[1][0]


def test_an_amendment_of_the_arms_begins_new_lists() -> None:
    study = published()
    _enrol(study, *(entry(n) for n in range(3)))
    three = [{"code": c, "label": {"en": c}} for c in ("abct", "waitlist", "usual")]
    rules = {"method": "permuted-blocks", "block_sizes": [6], "strata": ["site"]}
    published(version=2, arms=three, allocation=rules)
    created = _enrol(study, *(entry(n) for n in range(10, 16))).created
    assert sorted(p.arm for p in created) == ["abct"] * 2 + ["usual"] * 2 + ["waitlist"] * 2
    assert {p.protocol.version for p in created} == {2}


# Running it again


def test_the_same_file_again_changes_nothing() -> None:
    study = published()
    data = (
        b"email;language;timezone;consent_version;consented_at;site;code\r\n"
        b"ana@example.org;en;Europe/Berlin;2;2026-02-01;north;A-1\r\n"
        b"bea@example.org;de;Asia/Tokyo;2;2026-02-01;north;\r\n"
    )
    entries = csvfile.read(data, protocol=protocol(), now=NOW)
    first = _enrol(study, *entries)
    before = (list(Participant.objects.values()), Event.objects.count(), Allocation.objects.count())
    second = _enrol(study, *entries)
    assert (second.created, second.already) == ([], first.created)
    assert before == (
        list(Participant.objects.values()),
        Event.objects.count(),
        Allocation.objects.count(),
    )


def test_a_file_that_has_grown_enrols_the_new_rows_only() -> None:
    study = published()
    (first,) = _enrol(study, entry(0)).created
    result = _enrol(study, entry(0, email="PERSON0@Example.org", timezone="Asia/Tokyo"), entry(1))
    assert result.already == [first]
    assert [p.pk for p in result.created] == [Participant.objects.exclude(pk=first.pk).get().pk]
    first.refresh_from_db()
    assert first.timezone == "Europe/Berlin"


def test_who_withdrew_is_not_enrolled_again() -> None:
    study = published()
    (participant,) = _enrol(study, entry(0)).created
    actions.withdraw(participant=participant, scope="keep_data", reason="", by=BY, now=NOW)
    assert _enrol(study, entry(0)).already == [participant]
    participant.refresh_from_db()
    assert participant.status == "withdrawn"


def _problems(study: Study, *entries: Entry, kind: type[EntryProblems]) -> list[str]:
    before = (Participant.objects.count(), Event.objects.count())
    with pytest.raises(kind) as caught:
        _enrol(study, *entries)
    assert type(caught.value) is kind
    assert (Participant.objects.count(), Event.objects.count()) == before  # all or none
    return [str(problem) for problem in caught.value.problems]


def test_contradictions_are_listed_by_row() -> None:
    study = published()
    _enrol(study, entry(0, code="A"), entry(1, code="B"))
    assert _problems(
        study,
        entry(5),
        entry(0, code="OTHER"),
        entry(6, code="B"),
        entry(1),
        kind=EnrolmentConflict,
    ) == [
        "row 2, column code: this person is enrolled under another code",
        "row 8, column code: 'B' is the code of somebody else",
    ]


def test_who_was_forgotten_cannot_come_back_by_an_old_file() -> None:
    study = published()
    (participant,) = _enrol(study, entry(0, code="A")).created
    actions.withdraw(participant=participant, scope="erase_contact", reason="", by=BY, now=NOW)
    for n, again in enumerate((entry(0), entry(0, code="A"), entry(0, code="NEW")), start=1):
        result = _enrol(study, again, entry(n))
        assert (result.left_out, result.already) == ([again], [])
        assert [p.pk for p in result.created] == [Participant.objects.latest("pk").pk]
    assert Participant.objects.count() == 4


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"consent_version": 1}, "row 3, column consent_version: agreed to version 1; in force is 2"),
        ({"consented_at": NOW + timedelta(seconds=1)}, "row 3, column consented_at: consent lies in the future"),
    ],
)  # fmt: skip
def test_without_consent_nobody_is_enrolled(changes: dict[str, Any], problem: str) -> None:
    assert _problems(published(), entry(0), entry(1, **changes), kind=ConsentMissing) == [problem]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"language": "fr"}, "row 3, column language: no language of this study"),
        ({"timezone": "Mars/Base"}, "row 3, column timezone: no zone of the IANA database"),
        ({"strata": {}}, "row 3, column site: empty, but needed"),
        ({"email": "Person0@example.org"}, "row 3, column email: the same email as in row 2"),
        ({"code": "A"}, "row 3, column code: the same code as in row 2"),
    ],
)
def test_entries_of_any_origin_are_checked(changes: dict[str, Any], problem: str) -> None:
    entries = entry(0, code="A"), entry(1, **changes)
    assert _problems(published(), *entries, kind=EntryProblems) == [problem]


def test_an_unpublished_study_enrols_nobody() -> None:
    study = Study.objects.create(code="draft", title={}, seed="s", created_at=NOW)
    with pytest.raises(NotPublished):
        _enrol(study, entry())


def test_a_large_file_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    study = published()
    with django_assert_max_num_queries(20):
        result = _enrol(study, *(entry(n) for n in range(500)))
    assert len(result.created) == 500
    with django_assert_max_num_queries(20):
        assert len(_enrol(study, *(entry(n) for n in range(500))).already) == 500
