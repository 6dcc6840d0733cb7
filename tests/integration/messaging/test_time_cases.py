"""The time cases that need rows, each lived through; `tests/unit/spec/time_cases.py` lists them."""

from __future__ import annotations

import time
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design import schedule
from surveys.lib import clock, sql
from surveys.messaging import claims
from surveys.participants.models import Participant
from surveys.responding.models import Submission
from surveys.scheduling.actions import OccasionClosed, replan
from surveys.scheduling.models import Message, Occasion
from tests import world
from tests.answering import make_questionnaire
from tests.questionnaires import EVERY_KIND, SHORT
from tests.smtp import ScriptedServer
from tests.unit.scheduling.plans import AUCKLAND, BERLIN, diary, utc
from tests.world import NOW, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
ENROLLED = utc("2027-01-31 14:30")
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)


def somebody(*waves: dict[str, Any], zone: str = BERLIN, **changes: Any) -> Participant:
    """Enrolled on the afternoon of 31 January 2027, and planned."""
    study = world.make_study(waves=list(waves), **changes)
    person = world.make_person(study, enrolled_at=ENROLLED, timezone=zone)
    replan([person], by=BY, now=ENROLLED)
    return person


def go(now: datetime) -> None:
    """What the platform does by itself at `now`."""
    pipeline.sweep(now=now)
    pipeline.deliver(now=now)


def subjects(server: ScriptedServer) -> list[str]:
    return [str(mail.email["Subject"]) for mail in server.accepted]


def occasion(wave: str, nth: int = 1) -> Occasion:
    return Occasion.objects.get(wave=wave, nth=nth)


def test_t14_a_move_shifts_what_is_ahead_and_is_recorded(server: ScriptedServer) -> None:
    person = somebody(diary(), wave_document("m1", "P1M"))
    go(utc("2027-02-01 08:00"))
    before, now = occasion("diary", 1), utc("2027-02-01 12:00")
    pipeline.move(participant=person, timezone=AUCKLAND, by=BY, now=now)
    after = occasion("diary", 1)
    assert (after.opens_at, after.local) == (before.opens_at, before.local)
    opens = [row.opens_at for row in Occasion.objects.filter(wave="diary").order_by("nth")]
    there = [at.astimezone(ZoneInfo(AUCKLAND)) for at in opens if at]
    assert len({at.date() for at in there}) == 7, "never two on one day"
    assert there == sorted(there)
    assert all(at > now and (at.hour, at.minute) == (9, 0) for at in there[1:])
    assert occasion("m1").opens_at == utc("2027-02-27 20:00")
    events = dict(Event.objects.order_by("pk").values_list("event", "data"))
    assert events["participant.moved"] == {"before": BERLIN, "after": AUCKLAND}
    assert events["plan.changed"]["moved"] == 7
    assert len(server.accepted) == 1


def test_t15_what_has_just_passed_there_is_sent_at_once(server: ScriptedServer) -> None:
    person = somebody(diary(), wave_document("m3", "P3D", reminders=[]))
    now = utc("2027-02-03 02:00")  # 3 o'clock in Berlin, 15 o'clock in Auckland
    pipeline.sweep(now=now)
    pipeline.move(participant=person, timezone=AUCKLAND, by=BY, now=now)
    go(now)
    assert occasion("m3").opens_at == now, "nine o'clock has passed there, and its window is open"
    assert subjects(server) == ["A year of calm: your questionnaire"]
    kept = occasion("diary", 3)  # its ninety minutes are over in Auckland
    assert (kept.state, kept.opens_at) == ("planned", utc("2027-02-03 08:00"))
    go(utc("2027-02-03 08:00"))
    assert (occasion("diary", 3).state, len(server.accepted)) == ("open", 2)


def test_t16_what_was_sent_is_not_sent_again(server: ScriptedServer) -> None:
    person = somebody(diary(), zone=AUCKLAND)
    go(utc("2027-02-01 20:00"))  # the second, nine in the morning there
    assert len(server.accepted) == 1
    pipeline.move(participant=person, timezone=BERLIN, by=BY, now=utc("2027-02-01 21:00"))
    for hour in range(22, 36):  # nine in the morning of the second, in Berlin
        go(utc("2027-02-01 00:00") + hour * HOUR)
    assert len(server.accepted) == 1
    go(utc("2027-02-03 08:00"))
    assert len(server.accepted) == 2


@pytest.fixture
def berlin_three_hours_ahead(tmp_path: Path) -> Iterator[None]:
    """A zone database in which Berlin never changes its clocks and lies three hours ahead of UTC."""
    berlin = tmp_path / "Europe" / "Berlin"
    berlin.parent.mkdir()
    berlin.write_bytes(files("tzdata.zoneinfo.Etc").joinpath("GMT-3").read_bytes())
    usual = zoneinfo.TZPATH
    _read_zones_from([str(tmp_path), *usual])
    yield
    _read_zones_from(usual)


def _read_zones_from(path: Any) -> None:
    """What a restart with another zone database does."""
    zoneinfo.reset_tzpath(path)
    ZoneInfo.clear_cache()
    schedule._zone.cache_clear()
    schedule._instant.cache_clear()


def test_t18_a_new_zone_database_moves_what_is_ahead(request: pytest.FixtureRequest) -> None:
    person = somebody(wave_document("baseline", "P0D"), wave_document("m3", "P3M"))
    now = utc("2027-02-01 12:00")
    pipeline.sweep(now=now)
    baseline = occasion("baseline")
    assert occasion("m3").opens_at == utc("2027-04-30 07:00")
    request.getfixturevalue("berlin_three_hours_ahead")
    replan([person], by=BY, now=now)
    m3 = occasion("m3")
    assert m3.opens_at == utc("2027-04-30 06:00"), "nine there, as before"
    assert m3.messages.get(kind="reminder").due_at == utc("2027-05-03 06:00")
    assert occasion("baseline").opens_at == baseline.opens_at
    event = Event.objects.latest("pk")
    assert (event.event, event.subject, event.data) == ("plan.changed", person.code, {"moved": 1})


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_t19_a_worker_with_a_wrong_clock_does_no_harm(hours: int) -> None:
    right = clock.now()
    person = world.make_person(world.make_study())
    row = world.make_occasion(person, opens_at=right - HOUR, closes_at=right + 99 * HOUR)
    due = world.make_message(row, due_at=right - SECOND)
    later = world.make_occasion(person, "m3", opens_at=right - HOUR, closes_at=right + 99 * HOUR)
    early = world.make_message(later, due_at=right + abs(hours) * HOUR / 2)
    with time_machine.travel(right + hours * HOUR):
        assert abs(time.time() - right.timestamp()) > 1800, "the worker's own clock is wrong"
        assert abs(clock.now() - right) < 30 * SECOND
        taken = claims.claim(now=clock.now(), limit=9, cap=9)
        assert [letter.id for letter in taken.letters] == [due.pk]
        assert claims.reap() == 0, "nobody's lease is over"
    ((left,),) = sql.rows(
        "SELECT lease_until - clock_timestamp() FROM surveys_message WHERE id = %(id)s",
        {"id": due.pk},
    )
    assert claims.LEASE - 30 * SECOND < left <= claims.LEASE
    early.refresh_from_db()
    assert early.state == "due"


def test_t20_a_database_clock_that_goes_back_doubles_nothing(server: ScriptedServer) -> None:
    study = world.make_study()
    sent = world.make_message(world.make_occasion(world.make_person(study)))
    pipeline.deliver(now=NOW)
    for behind in (5 * SECOND, 0 * SECOND):
        go(NOW - behind)
    assert len(server.accepted) == 1
    sent.refresh_from_db()
    assert sent.state == "sent"
    other = world.make_occasion(world.make_person(study, "BBBB-0002"))
    taken = world.make_message(other)
    claims.claim(now=NOW, limit=9, cap=9)
    for shift in (-5, 5):
        values = {"by": shift * SECOND, "id": taken.pk}
        sql.execute(
            "UPDATE surveys_message SET lease_until = lease_until + %(by)s WHERE id = %(id)s",
            values,
        )
        assert claims.reap() == 0
        assert claims.claim(now=NOW - 5 * SECOND, limit=9, cap=9).letters == ()
    assert claims.LEASE >= 60 * SECOND


def test_t21_after_an_outage_each_gets_one_mail_and_what_closed_is_missed(
    server: ScriptedServer,
) -> None:
    study = world.make_study()
    began = NOW - 36 * HOUR
    people = [world.make_person(study, f"P-{n}") for n in range(4)]
    for person in people[:3]:
        row = world.make_occasion(person, state="planned", opens_at=began)
        world.make_message(row, due_at=began)
        world.make_message(row, "reminder", due_at=began + 12 * HOUR)
    second = world.make_occasion(people[0], "m3", state="planned", opens_at=began + HOUR)
    world.make_message(second, due_at=began + HOUR)
    over = world.make_occasion(people[3], state="planned", opens_at=began, closes_at=NOW - 6 * HOUR)
    world.make_message(over, due_at=began)
    go(NOW)
    first_run = subjects(server)
    assert len(first_run) == 3, "one mail a person and run"
    assert all("your questionnaire" in subject for subject in first_run), "no reminder goes first"
    over.refresh_from_db()
    assert over.state == "expired"
    assert [(m.state, m.why_not) for m in over.messages.all()] == [("missed", "window_closed")]
    go(NOW + SECOND)
    assert len(server.accepted) == 4, "the second wave's invitation; reminders keep their distance"
    for hours in range(1, 24):
        go(NOW + hours * HOUR)
    assert sorted(subjects(server)).count("A reminder: A year of calm") == 3
    assert len(server.accepted) == 7
    assert not Message.objects.filter(state="due").exists()


def test_t22_a_window_takes_answers_until_right_before_its_close() -> None:
    row = make_questionnaire()

    def save(now: datetime, ref: str, answers: dict[str, str]) -> None:
        pipeline.save_page(
            occasion=row.pk, instrument=ref, page=1, posted=answers, forward=True, now=now
        )

    first_close = row.closes_at
    assert first_close is not None
    for late in (first_close, first_close + TICK):
        with pytest.raises(OccasionClosed):
            save(late, SHORT.ref, {"mood": "3"})
    save(first_close - TICK, SHORT.ref, {"mood": "3"})
    row.refresh_from_db()
    grace = row.closes_at
    assert grace is not None
    assert grace > first_close, "who has begun has time to finish"
    for late in (grace, grace + TICK):
        with pytest.raises(OccasionClosed):
            save(late, EVERY_KIND.ref, {"closeness": "6"})
    assert [submission.answers for submission in Submission.objects.all()] == [{"mood": 3}]


def test_t25_quiet_hours_over_a_clock_change_end_once(server: ScriptedServer) -> None:
    late = {"date": "2027-03-27", "at": "23:00"}
    somebody(
        wave_document("late", "P0D", schedule=late, reminders=[]), quiet_hours=["22:00", "08:00"]
    )
    for moment in ("27 22:00", "28 01:00", "28 05:59"):
        go(utc(f"2027-03-{moment}"))
    assert server.accepted == []
    for moment in ("28 06:00", "28 07:00", "29 06:00"):
        go(utc(f"2027-03-{moment}"))
    assert len(server.accepted) == 1


def test_t26_waves_that_collide_write_in_order_and_apart(server: ScriptedServer) -> None:
    somebody(wave_document("first", "P1M"), wave_document("second", "P28D"))
    counts = []
    for minute in (0, 1, 29, 30, 31):
        go(utc("2027-02-28 08:00") + timedelta(minutes=minute))
        counts.append(len(server.accepted))
    assert counts == [1, 1, 1, 2, 2]
    assert set(Occasion.objects.values_list("opens_at", flat=True)) == {utc("2027-02-28 08:00")}
    sent = Message.objects.filter(state="sent").order_by("sent_at")
    assert [message.occasion.wave for message in sent] == ["first", "second"]
