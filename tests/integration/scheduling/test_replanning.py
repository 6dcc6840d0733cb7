"""Plans as rows: made in bulk, made again without effect, and changed only ahead of the present."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import ProtocolVersion, Study
from surveys.design.registry import protocol_of
from surveys.lib.documents import content_hash
from surveys.participants.models import Anchor, Participant
from surveys.scheduling import replanning
from surveys.scheduling.actions import (
    PlanCounts,
    cancel_remaining,
    close_due,
    open_due,
    replan,
)
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.person import PersonFacts
from surveys.scheduling.planner import Planner
from tests.integration.scheduling.holding import save
from tests.world import (
    NOW,
    make_participant,
    make_study,
    protocol_document,
    wave_document,
)

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
DIARY = wave_document(
    "diary",
    "P0D",
    schedule={
        "anchor": "therapy_start",
        "offset": "P1D",
        "every": "P1D",
        "times": 3,
        "at": "20:00",
    },
    window={"start_within": "PT90M"},
    reminders=["PT30M"],
)
WAVES = [wave_document("baseline", "P0D"), DIARY, wave_document("m3", "P3M")]


def a_study() -> Study:
    return make_study(waves=WAVES, anchors=["therapy_start"])


def rows() -> list[tuple[Any, ...]]:
    """The whole plan as stored, without the primary keys."""
    occasions = Occasion.objects.order_by("participant", "wave", "nth").values_list(
        "participant", "protocol", "wave", "nth", "state", "cause", "opens_at", "closes_at", "local"
    )
    messages = Message.objects.order_by("occasion__participant", "occasion__wave", "occasion__nth")
    return [
        *occasions,
        *messages.order_by("occasion", "kind", "nth").values_list(
            "occasion__wave", "occasion__nth", "kind", "nth", "state", "due_at", "why_not"
        ),
    ]


def test_the_first_plan_is_the_desired_one_to_the_last_column() -> None:
    study = a_study()
    person = make_participant(study, timezone="Pacific/Auckland")
    counts = replan([person], by=BY, now=NOW - timedelta(days=3))
    assert counts == PlanCounts(created=5)
    facts = PersonFacts(person.code, study.seed, person.timezone, person.arm, person.enrolled_at)
    for planned in Planner(protocol_of(person.protocol)).plan(facts):
        row = Occasion.objects.get(participant=person, wave=planned.wave, nth=planned.nth)
        assert (row.opens_at, row.closes_at) == (planned.opens_at, planned.closes_at)
        assert (row.state, row.cause, row.local) == ("planned", "", planned.local)
        assert row.protocol == person.protocol
        assert row.id.version == 7
        found = row.messages.order_by("due_at").values_list("kind", "nth", "due_at", "state")
        assert list(found) == [(*message[:3], "due") for message in planned.messages]


def test_ids_rise_in_the_order_of_the_plan() -> None:
    replan([make_participant(a_study())], by=BY, now=NOW)
    in_order = Occasion.objects.order_by("pk").values_list("wave", "nth")
    assert list(in_order) == [("baseline", 1), ("diary", 1), ("diary", 2), ("diary", 3), ("m3", 1)]


def test_planning_again_writes_nothing_and_leaves_no_event() -> None:
    study = a_study()
    people = [make_participant(study, f"P{n}") for n in range(3)]
    replan(people, by=BY, now=NOW)
    before = rows()
    assert replan(people, by=BY, now=NOW + timedelta(days=1)) == PlanCounts(kept=15)
    assert rows() == before
    (event,) = Event.objects.all()
    assert (event.event, event.subject, event.data) == (
        "plan.made",
        "",
        {"people": 3, "created": 15},
    )


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    study = a_study()
    people = [make_participant(study, f"P{n}") for n in range(5)]
    monkeypatch.setattr(replanning, "CHUNK", 2)
    assert replan(people[::-1] + people[:2], by=BY, now=NOW).created == 25
    assert Occasion.objects.count() == 25
    assert replan(people, by=BY, now=NOW).kept == 25


def test_people_of_different_studies_are_planned_by_their_own() -> None:
    one = make_participant(a_study())
    other = make_participant(make_study("other"), "BBBB-0002")
    replan([one, other], by=BY, now=NOW)
    assert one.occasions.count() == 5
    assert set(other.occasions.values_list("wave", flat=True)) == {"baseline", "m3"}
    assert set(Event.objects.values_list("study", "subject")) == {
        ("calm-year", "AAAA-0001"),
        ("other", "BBBB-0002"),
    }


def test_a_move_shifts_what_is_to_come_and_is_recorded() -> None:
    person = make_participant(a_study())
    replan([person], by=BY, now=NOW)
    open_due(now=NOW)
    baseline = Occasion.objects.get(wave="baseline")
    Participant.objects.update(timezone="America/New_York")
    counts = replan([person], by=BY, now=NOW)
    assert counts == PlanCounts(moved=1, kept=4)
    m3 = Occasion.objects.get(wave="m3")
    assert m3.opens_at == datetime(2027, 5, 28, 13, 0, tzinfo=UTC)
    assert m3.local["zone"] == "America/New_York"
    reminder = m3.messages.get(kind="reminder")
    assert reminder.due_at == datetime(2027, 5, 31, 13, 0, tzinfo=UTC)
    fresh = Occasion.objects.get(wave="baseline")
    assert (fresh.opens_at, fresh.local) == (baseline.opens_at, baseline.local)
    event = Event.objects.latest("pk")
    assert (event.event, event.subject, event.data) == ("plan.changed", person.code, {"moved": 1})


def test_a_stale_participant_object_does_not_plan_by_old_facts() -> None:
    person = make_participant(a_study())
    replan([person], by=BY, now=NOW)
    Participant.objects.filter(pk=person.pk).update(timezone="America/New_York")
    assert person.timezone == "Europe/Berlin"
    replan([person], by=BY, now=NOW - timedelta(hours=3))
    assert Occasion.objects.get(wave="m3").local["zone"] == "America/New_York"


def test_an_anchor_dates_the_waiting_wave_and_its_messages() -> None:
    person = make_participant(a_study())
    replan([person], by=BY, now=NOW)
    waiting = Occasion.objects.filter(wave="diary")
    assert set(waiting.values_list("state", "opens_at")) == {("planned", None)}
    assert not Message.objects.filter(occasion__wave="diary").exists()
    Anchor.objects.create(participant=person, name="therapy_start", on=date(2027, 3, 10))
    assert replan([person], by=BY, now=NOW).moved == 3
    assert list(waiting.order_by("nth").values_list("opens_at", flat=True)) == [
        datetime(2027, 3, day, 19, 0, tzinfo=UTC) for day in (11, 12, 13)
    ]
    assert Message.objects.filter(occasion__wave="diary").count() == 6
    Anchor.objects.update(on=date(2027, 3, 20))
    assert replan([person], by=BY, now=NOW).moved == 3
    assert Message.objects.filter(occasion__wave="diary").count() == 6
    assert replan([person], by=BY, now=NOW).kept == 5


def test_who_comes_late_is_asked_what_still_runs_and_not_what_was_over() -> None:
    def on(day: int, month: int) -> dict[str, Any]:
        return {"schedule": {"date": f"2027-{month:02}-{day:02}", "at": "09:00"}}

    waves = [
        wave_document("early", "P0D", **on(1, 2)),
        wave_document("running", "P0D", **on(25, 2)),
    ]
    person = make_participant(make_study(waves=waves), enrolled_at=NOW)
    assert replan([person], by=BY, now=NOW) == PlanCounts(created=2)
    assert replan([person], by=BY, now=NOW) == PlanCounts(kept=2)
    early, running = Occasion.objects.order_by("wave")
    assert (early.state, early.cause, early.opens_at) == ("excluded", "branched_out", None)
    assert not early.messages.exists()
    assert (running.state, running.opens_at) == ("planned", NOW)
    # The reminder of 28 February has passed and falls away.
    assert list(running.messages.values_list("kind", "due_at")) == [("invitation", NOW)]


def test_a_window_that_opened_late_grows_by_no_save() -> None:
    t = wave_document("t", "P0D", schedule={"anchor": "therapy_start", "offset": "P0D"})
    person = make_participant(make_study(waves=[t], anchors=["therapy_start"]))
    replan([person], by=BY, now=NOW)
    Anchor.objects.create(participant=person, name="therapy_start", on=date(2027, 2, 20))
    replan([person], by=BY, now=NOW)
    open_due(now=NOW)
    occasion = Occasion.objects.get()
    planned = datetime(2027, 2, 20, 8, 0, tzinfo=UTC)
    assert (occasion.opens_at, occasion.closes_at) == (NOW, planned + timedelta(days=14))
    save(occasion, NOW)
    assert Occasion.objects.get().closes_at == planned + timedelta(days=16)


def amended(study: Study, person: Participant, **changes: Any) -> None:
    """Publish another version and bring the person to it."""
    version = study.protocols.count() + 1
    document = protocol_document(**changes)
    person.protocol = ProtocolVersion.objects.create(
        study=study,
        version=version,
        content_hash=content_hash(document),
        document=document,
        published_at=NOW,
    )
    person.save()


def test_an_amendment_cancels_adds_and_brings_back() -> None:
    study = a_study()
    person = make_participant(study)
    replan([person], by=BY, now=NOW)
    open_due(now=NOW)
    first = person.protocol
    amended(study, person, waves=[WAVES[0], wave_document("m6", "P6M")])
    counts = replan([person], by=BY, now=NOW)
    assert counts == PlanCounts(created=1, cancelled=4, kept=1)
    m3 = Occasion.objects.get(wave="m3")
    assert (m3.state, m3.cause) == ("cancelled", "not_in_version")
    assert set(m3.messages.values_list("state", "why_not")) == {("cancelled", "replanned")}
    amended(study, person, waves=WAVES, anchors=["therapy_start"])
    counts = replan([person], by=BY, now=NOW)
    assert counts == PlanCounts(cancelled=1, revived=4, kept=1)
    m3.refresh_from_db()
    assert (m3.state, m3.cause, m3.protocol) == ("planned", "", person.protocol)
    assert set(m3.messages.values_list("state", "why_not")) == {("due", "")}
    assert Occasion.objects.get(wave="baseline").protocol == first  # open, so it stays


def test_an_amendment_that_moves_nothing_is_followed_by_what_is_to_come() -> None:
    study = make_study()
    person = make_participant(study)
    replan([person], by=BY, now=NOW)
    amended(study, person, title={"en": "New", "de": "Neu"})
    assert replan([person], by=BY, now=NOW) == PlanCounts(kept=2)
    versions = dict(Occasion.objects.values_list("wave", "protocol__version"))
    assert versions == {"baseline": 1, "m3": 2}  # the baseline has begun, found by a sweep or not


def test_an_unmet_condition_takes_the_messages_along() -> None:
    waves = [WAVES[0], wave_document("m3", "P3M", only_if="baseline.completed")]
    person = make_participant(make_study(waves=waves))
    replan([person], by=BY, now=NOW)
    open_due(now=NOW)
    later = NOW + timedelta(days=20)
    assert close_due(now=later).n_replanned == 1
    event = Event.objects.latest("pk")
    assert (event.event, event.actor, event.data) == ("plan.changed", "sweep", {"excluded": 1})
    m3 = Occasion.objects.get(wave="m3")
    assert (m3.state, m3.cause) == ("excluded", "branched_out")
    assert set(m3.messages.values_list("state", "why_not")) == {("cancelled", "condition")}


def test_who_withdrew_is_not_planned_again() -> None:
    person = make_participant(a_study())
    replan([person], by=BY, now=NOW)
    Participant.objects.update(status="withdrawn", withdrawn_at=NOW)
    cancel_remaining(participant=person, by=BY, now=NOW)
    before = rows()
    assert replan([person], by=BY, now=NOW) == PlanCounts(kept=5)
    assert rows() == before
