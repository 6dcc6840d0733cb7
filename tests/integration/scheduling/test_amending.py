"""Amendments: the preview is what publishing does, the past stands, and nobody is left between."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import InternalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import actions as design
from surveys.design.models import Study
from surveys.design.protocol import Protocol
from surveys.lib.snapshots import read_only
from surveys.participants.models import ConsentRecord, Participant
from surveys.scheduling import amending, previewing
from surveys.scheduling.actions import PlanCounts, close_due, open_due, replan
from surveys.scheduling.amending import waiting
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import MessageState
from tests.functional.console.cast import fingerprint
from tests.integration.scheduling.holding import save
from tests.world import (
    DAY,
    NOW,
    make_instrument,
    make_participant,
    make_study,
    protocol_document,
    wave_document,
)

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LATER = NOW + 2 * DAY
DIARY = wave_document(
    "diary",
    "P0D",
    schedule={"anchor": "enrollment", "offset": "P10D", "every": "P1D", "times": 3, "at": "20:00"},
    window={"start_within": "PT90M"},
    reminders=[],
)
FIRST = [wave_document("baseline", "P0D"), DIARY, wave_document("m3", "P3M")]
SECOND = [
    wave_document("baseline", "P0D", instruments=["calm@1", "calm@2"]),
    wave_document("m3", "P4M"),
    wave_document("m6", "P6M"),
]


def a_study(n: int = 3, **changes: Any) -> Study:
    """People who were invited to the baseline yesterday, each a day after the one before."""
    study = make_study(waves=FIRST)
    people = [
        make_participant(study, f"P{n:03}", enrolled_at=NOW - DAY - n * timedelta(hours=1))
        for n in range(n)
    ]
    replan(people, by=BY, now=NOW - 2 * DAY)
    open_due(now=NOW)
    Message.objects.filter(due_at__lte=NOW).update(state=MessageState.SENT, sent_at=NOW)
    return study


def draft(study: Study, **changes: Any) -> None:
    """Load a draft with the instruments that it needs."""
    document = protocol_document(**{"study": study.code, "waves": SECOND} | changes)
    design.load(protocol=Protocol.model_validate(document), by=BY, now=NOW)
    study.refresh_from_db()


def seen(study: Study, now: Any = LATER) -> previewing.Preview:
    found = previewing.amendment(study)
    assert found is not None
    return previewing.preview(found, now=now)


def whom(study: Study, now: Any = LATER, **page: Any) -> list[previewing.Affected]:
    found = previewing.amendment(study)
    assert found is not None
    return previewing.affected(found, now=now, **page)


def publish(study: Study, now: Any = LATER, **more: Any) -> pipeline.Published:
    return pipeline.publish(study=study, reason="better", by=BY, now=now, **more)


@pytest.fixture(autouse=True)
def _instruments() -> None:
    make_instrument("calm", 2)


def told(event: str = "protocol.adopted") -> PlanCounts:
    """What the audit trail says that changed, in all."""
    names = set(asdict(PlanCounts()))
    parts = [
        {name: n for name, n in row.data.items() if name in names}
        for row in Event.objects.filter(event=event)
    ]
    return sum((PlanCounts(**part) for part in parts), PlanCounts())


@pytest.mark.parametrize("n", [3, 7])  # at once, and as a job of several runs
def test_the_preview_is_what_publishing_then_does(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", 3)
    monkeypatch.setattr(previewing, "CHUNK", 2)
    study = a_study(n)
    Participant.objects.filter(code="P001").update(
        status="withdrawn", withdrawn_at=NOW, withdrawal_scope="keep_data"
    )
    draft(study)
    before = fingerprint()
    expected, people = seen(study), whom(study)
    assert fingerprint() == before, "looking changes nothing"
    n -= 1
    assert (expected.n_people, expected.n_withdrawn, expected.n_under_way) == (n, 1, n)
    assert expected.counts == PlanCounts(created=n, moved=n, cancelled=3 * n, kept=n)
    assert {wave: counts.changes for wave, counts in expected.waves.items()} == {
        "baseline": {},
        "m3": {"moved": n},
        "m6": {"created": n},
        "diary": {"cancelled": 3 * n},
    }
    assert publish(study).is_adopted is (n <= 3)
    pipeline.adopt(now=LATER)
    assert told() == PlanCounts(**expected.counts.changes)
    changed = Event.objects.filter(event="plan.changed").order_by("subject")
    assert [(row.subject, row.data) for row in changed] == [
        (one.code, one.counts.changes) for one in people
    ]
    assert sum((one.counts for one in people), PlanCounts()) == expected.counts
    newest = study.protocols.latest("version")
    assert newest.adopted_at == LATER
    assert set(Participant.objects.filter(protocol=newest).values_list("status", flat=True)) == {
        "enrolled"
    }
    assert not waiting(newest)
    # Once more changes nothing.
    before = fingerprint()
    assert pipeline.adopt(now=LATER) == amending.Adopted(0)
    assert fingerprint() == before
    replan(list(Participant.objects.all()), by=BY, now=LATER)
    assert fingerprint() == before


def test_b13_who_is_under_way_finishes_on_their_version() -> None:
    study = a_study(2)
    first = study.protocols.get()
    begun, waits = Occasion.objects.filter(wave="baseline").order_by("participant__code")
    save(begun, NOW)
    closes = dict(Occasion.objects.filter(wave="baseline").values_list("pk", "closes_at"))
    sent = list(Message.objects.filter(state="sent").order_by("pk").values())
    draft(study)
    second = publish(study).version
    for occasion in (begun, waits):
        occasion.refresh_from_db()
        assert (occasion.protocol, occasion.closes_at) == (first, closes[occasion.pk])
    assert (begun.state, waits.state) == ("started", "open")
    assert list(Message.objects.filter(state="sent").order_by("pk").values()) == sent
    assert set(Occasion.objects.filter(wave="m3").values_list("protocol", flat=True)) == {second.pk}
    assert set(Participant.objects.values_list("protocol", flat=True)) == {second.pk}


def test_nothing_is_sent_a_second_time() -> None:
    study = a_study(1)
    keys = [("baseline", "invitation", 1)]
    for waves in (SECOND, FIRST, SECOND[1:], FIRST):
        draft(study, waves=waves)
        publish(study)
        due = Message.objects.filter(state="due").values_list("occasion__wave", "kind", "nth")
        assert not set(due) & set(keys)
        assert Message.objects.filter(state="sent").count() == 1


def test_what_is_over_keeps_its_version_and_what_is_brought_back_is_asked_again() -> None:
    study = a_study(1)
    first = study.protocols.get()
    later = NOW + 16 * DAY  # after the baseline's window and the diary
    open_due(now=later)
    close_due(now=later)
    assert set(Occasion.objects.exclude(wave="m3").values_list("state", flat=True)) == {"expired"}
    draft(study, waves=SECOND[:1])
    publish(study, later)
    m3 = Occasion.objects.get(wave="m3")
    assert (m3.state, m3.cause, m3.protocol) == ("cancelled", "not_in_version", first)
    assert set(Occasion.objects.values_list("protocol", flat=True)) == {first.pk}
    draft(study, waves=SECOND)
    assert seen(study, later).waves["m3"] == PlanCounts(revived=1)
    third = publish(study, later).version
    m3.refresh_from_db()
    assert (m3.state, m3.cause, m3.protocol) == ("planned", "", third)
    assert set(m3.messages.values_list("state", flat=True)) == {"due"}


def test_people_are_paged_by_code() -> None:
    study = a_study(5)
    draft(study)
    assert [one.code for one in whom(study, limit=2)] == ["P000", "P001"]
    assert [one.code for one in whom(study, after="P001", limit=2)] == ["P002", "P003"]
    assert whom(study, after="P004") == []
    assert whom(study)[0].waves == ("diary", "m3", "m6")


def test_a_new_consent_text_says_who_agreed_to_an_older_one() -> None:
    study = a_study(3)
    for person in Participant.objects.all()[:2]:
        ConsentRecord.objects.create(
            participant=person, version=1, language="en", text_hash="", given_at=NOW, source="csv"
        )
    draft(study)
    assert seen(study).n_older_consent == 1  # who has no record at all
    draft(study, consent=protocol_document()["consent"] | {"version": 2})
    assert seen(study).n_older_consent == 3


def test_only_what_was_read_is_published() -> None:
    study = a_study(1)
    draft(study)
    found = previewing.amendment(study)
    assert found is not None
    with pytest.raises(design.ChangedMeanwhile):
        publish(study, read="something else")
    draft(study, waves=SECOND[1:])
    with pytest.raises(design.ChangedMeanwhile):
        publish(study, read=found.read)
    draft(study)
    publish(study, read=found.read)
    draft(study, waves=FIRST)
    draft(study)  # the same draft again, after a version was published
    with pytest.raises(design.ChangedMeanwhile):
        publish(study, read=found.read)


def test_somebody_who_cannot_be_planned_stays_and_stops_nobody() -> None:
    study = a_study(4)
    Participant.objects.filter(code="P002").update(timezone="Europe/Atlantis")
    draft(study)
    assert seen(study).unplannable == ["P002"]
    version = publish(study).version
    assert [person.code for person in waiting(version)] == ["P002"]
    assert Occasion.objects.filter(wave="m6").count() == 3
    version.refresh_from_db()
    assert version.adopted_at == LATER
    person = Participant.objects.get(code="P002")
    pipeline.move(participant=person, timezone="Europe/Vienna", by=BY, now=LATER)
    assert pipeline.adopt(now=LATER).n_people == 1
    assert list(waiting(version)) == []
    assert Occasion.objects.filter(wave="m6").count() == 4


def test_what_has_begun_and_waits_for_its_condition_keeps_its_version_and_form() -> None:
    def forms(*codes: str) -> list[dict[str, Any]]:
        left_out = [{"items": {"calm@1": [f"calm{n}"]}} for n, _ in enumerate(codes, 1)]
        return [{"code": c, "without": w} for c, w in zip(codes, left_out, strict=True)]

    waves = [
        wave_document("baseline", "P0D", window={"start_within": "P30D"}),
        wave_document("m1", "P1D", only_if="baseline.completed"),
    ]
    study = make_study(waves=waves, forms=forms("a", "b"))
    person = make_participant(study, enrolled_at=NOW - 2 * DAY)
    Participant.objects.update(form="a")
    replan([person], by=BY, now=NOW - 2 * DAY)
    open_due(now=NOW)
    design.load(
        protocol=Protocol.model_validate(
            protocol_document(study.code, waves=waves, forms=forms("x", "y"))
        ),
        by=BY,
        now=NOW,
    )
    publish(study)
    m1 = Occasion.objects.get(wave="m1")
    assert (m1.state, m1.protocol.version, m1.local["form"]) == ("planned", 1, "a")


def test_a_crash_in_the_middle_leaves_everybody_on_one_version_and_the_next_run_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", 2)
    study = a_study(5)
    draft(study)
    version = publish(study).version
    n_runs = 0

    def crash(_: object) -> None:
        nonlocal n_runs
        n_runs += 1
        if n_runs == 2:
            raise OSError("the machine went down")

    monkeypatch.setattr(amending, "reached", crash)
    with pytest.raises(OSError, match="went down"):
        pipeline.adopt(now=LATER)
    new = set(Participant.objects.filter(protocol=version).values_list("code", flat=True))
    assert new == {"P000", "P001"}
    with_m6 = Occasion.objects.filter(wave="m6").values_list("participant__code", flat=True)
    assert set(with_m6) == new, "nobody is half moved"
    version.refresh_from_db()
    assert version.adopted_at is None
    assert pipeline.adopt(now=LATER).n_people == 3
    assert not waiting(version)


def test_a_run_ends_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", 1)
    monkeypatch.setattr(amending, "RUN_SECONDS", -1.0)
    study = a_study(2)
    draft(study)
    publish(study)
    assert pipeline.adopt(now=LATER) == amending.Adopted(0, is_cut=True)


def test_a_version_that_was_overtaken_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amending, "AT_ONCE", 1)
    study = a_study(2)
    for waves in (SECOND, SECOND[1:]):
        draft(study, waves=waves)
        publish(study)
    pipeline.adopt(now=LATER)
    assert set(Participant.objects.values_list("protocol__version", flat=True)) == {3}
    assert not Event.objects.filter(event="protocol.adopted", data__version=2).exists()


def test_a_preview_cannot_write() -> None:
    study = make_study()
    with pytest.raises(InternalError, match="read-only"), transaction.atomic(), read_only():
        study.save()
    study.save()


@pytest.mark.parametrize(
    "forms", [[], [{"code": "A"}, {"code": "B", "without": {"waves": ["m3"]}}]]
)
def test_a_preview_asks_the_database_as_often_for_many_as_for_few(forms: list[Any]) -> None:
    def n_queries(code: str, n: int) -> int:
        study = make_study(code, waves=FIRST)
        people = [make_participant(study, f"P{k:03}") for k in range(n)]
        replan(people, by=BY, now=NOW)
        draft(study, forms=forms)
        with CaptureQueriesContext(connection) as queries:
            seen(study)
        return len(queries)

    assert n_queries("few", 2) == n_queries("many", 40)
