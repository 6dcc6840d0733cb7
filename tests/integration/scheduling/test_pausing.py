"""Pauses, snoozes and an own time of day: what waits, what is let go, and what comes back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.messaging import attempts, claims
from surveys.participants.actions import HasWithdrawn, NoPause
from surveys.participants.models import Participant
from surveys.scheduling.actions import CannotSnooze, OccasionClosed, OccasionNotOpen, replan
from surveys.scheduling.models import Message, Occasion
from tests.world import make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)  # ten in Berlin
HOUR = timedelta(hours=1)
DIARY = wave_document(
    "diary",
    "P0D",
    schedule={"anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 7, "at": "09:00"},
    window={"start_within": "PT12H"},
    reminders=["PT3H"],
)
LONG = wave_document("m1", "P1D", reminders=["P3D", "P8D"])  # at nine, for two weeks


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """A wall time in March 2027, before the clocks change."""
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC) - HOUR


def a_person(*waves: dict[str, Any], **changes: Any) -> Participant:
    person = make_participant(make_study(waves=list(waves), **changes), enrolled_at=START)
    replan([person], by=BY, now=START)
    return person


def dues(wave: str, nth: int = 1) -> list[tuple[str, int, str, datetime]]:
    rows = Message.objects.filter(occasion__wave=wave, occasion__nth=nth).order_by("kind", "nth")
    return list(rows.values_list("kind", "nth", "state", "due_at"))


def states(wave: str) -> list[str]:
    rows = Occasion.objects.filter(wave=wave).order_by("nth")
    return [f"{row.state} {row.cause}".strip() for row in rows]


def claimed(now: datetime) -> list[str]:
    """What a claim would send at `now`; given back at once."""
    found = claims.claim(now=now, limit=100, cap=99)
    claims.release(found.letters, found.token)
    return [str(letter.id) for letter in found.letters]


def everything() -> list[Any]:
    messages = Message.objects.order_by("pk").values_list("pk", "state", "due_at", "why_not")
    occasions = Occasion.objects.order_by("pk").values_list(
        "pk", "state", "opens_at", "closes_at", "local", "cause"
    )
    return [*messages, *occasions]


def test_a_short_window_within_the_pause_is_not_opened_and_ends_as_paused() -> None:
    person = a_person(DIARY)
    pipeline.pause(participant=person, until=date(2027, 3, 4), by=BY, now=START)
    assert states("diary") == ["planned"] * 7, "nothing is cancelled before its time comes"
    for day in (2, 3, 4):
        pipeline.sweep(now=berlin(day, 10))
    assert states("diary")[:4] == ["cancelled paused", "cancelled paused", "open", "planned"]
    assert {row[2] for row in dues("diary", 1)} == {"cancelled"}
    assert dues("diary", 3)[0][3] == berlin(4, 9)


def test_a_long_window_opens_and_its_messages_wait_for_the_first_day() -> None:
    person = a_person(LONG)
    pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=START)
    expected = [
        ("invitation", 1, "due", berlin(6, 9)),
        ("reminder", 1, "cancelled", berlin(5, 9)),  # it would come together with the invitation
        ("reminder", 2, "due", berlin(10, 9)),
    ]
    assert dues("m1") == expected
    pipeline.sweep(now=berlin(2, 9))
    assert states("m1") == ["open"]
    assert Occasion.objects.get().local["guards"] == ["paused", "reminder_1_put_off"]
    assert [bool(claimed(at)) for at in (berlin(5, 23, 59), berlin(6, 9))] == [False, True]


def test_a_pause_reaches_what_is_open_already_and_an_early_return_restores_it() -> None:
    person = a_person(LONG)
    before = everything()
    for _ in range(2):
        pipeline.sweep(now=berlin(2, 9))
        opened = everything()
        pipeline.pause(participant=person, until=date(2027, 3, 11), by=BY, now=berlin(2, 10))
        assert [row[2:] for row in dues("m1")] == [
            ("due", berlin(11, 9)),
            ("cancelled", berlin(5, 9)),
            ("cancelled", berlin(10, 9)),
        ]
        assert set(Message.objects.filter(state="cancelled").values_list("why_not", flat=True)) == {
            "paused"
        }
        paused = everything()
        replan([person], by=BY, now=berlin(2, 11))
        assert everything() == paused, "planning again changes nothing"
        pipeline.resume(participant=person, by=BY, now=berlin(3, 10))
        assert everything() == opened
    assert opened != before


def test_a_pause_that_is_longer_than_an_open_window_ends_it_as_paused() -> None:
    person = a_person(LONG)
    pipeline.sweep(now=berlin(2, 9))
    pipeline.pause(participant=person, until=date(2027, 4, 1), by=BY, now=berlin(2, 10))
    assert claimed(berlin(15, 9)) == []
    pipeline.sweep(now=berlin(16, 9))
    assert states("m1") == ["cancelled paused"]


def test_who_was_invited_before_the_pause_has_had_the_chance() -> None:
    person = a_person(LONG)
    pipeline.sweep(now=berlin(2, 9))
    Message.objects.filter(kind="invitation").update(state="sent", sent_at=berlin(2, 9))
    pipeline.pause(participant=person, until=date(2027, 4, 1), by=BY, now=berlin(2, 10))
    pipeline.sweep(now=berlin(16, 9))
    assert states("m1") == ["expired"]


def test_coming_back_early_opens_what_is_still_ahead_even_within_its_window() -> None:
    person = a_person(DIARY)
    pipeline.pause(participant=person, until=date(2027, 3, 20), by=BY, now=START)
    pipeline.sweep(now=berlin(2, 22))
    assert Occasion.objects.get(nth=2).local["guards"] == ["paused_through"]
    now = berlin(3, 14)  # the second has been due since nine
    pipeline.sweep(now=now)
    pipeline.resume(participant=person, by=BY, now=now)
    second = Occasion.objects.get(nth=2)
    assert (second.opens_at, second.local["guards"]) == (now, ["opened_late"])
    pipeline.sweep(now=now)
    assert states("diary") == ["cancelled paused", "open", *["planned"] * 5]
    assert dues("diary", 2)[0][2:] == ("due", now)


def test_a_late_sweep_still_tells_what_the_pause_took() -> None:
    person = a_person(DIARY)
    pipeline.pause(participant=person, until=date(2027, 3, 4), by=BY, now=START)
    pipeline.sweep(now=berlin(9, 12))
    assert states("diary") == ["cancelled paused"] * 2 + ["expired"] * 5


def test_in_the_middle_of_a_pause_nothing_is_claimed_and_the_gate_is_shut() -> None:
    person = a_person(LONG)
    now = berlin(2, 9)
    pipeline.sweep(now=now)
    claim = claims.claim(now=now, limit=10, cap=9)
    (letter,) = claim.letters
    pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=now)
    assert not attempts.open_gate(letter, claim.token, now=now, margin=timedelta(seconds=9))
    claims.release(claim.letters, claim.token)
    Message.objects.update(due_at=now)  # whatever the plan says
    assert claimed(now) == []
    Participant.objects.update(paused_until=None, pause_ends_at=None)
    assert claimed(now), "it is the pause that stops it"


def test_the_first_day_is_the_one_of_the_zone_they_live_in() -> None:
    person = a_person(LONG)
    pipeline.sweep(now=berlin(2, 9))
    pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=berlin(2, 10))
    assert person.pause_ends_at == berlin(6, 0)
    pipeline.move(participant=person, timezone="Pacific/Auckland", by=BY, now=berlin(3, 9))
    assert person.pause_ends_at == datetime(2027, 3, 5, 11, tzinfo=UTC)
    assert [bool(claimed(at)) for at in (berlin(5, 11), berlin(6, 9))] == [False, True]


def test_a_pause_has_its_events_and_its_limits() -> None:
    person = a_person(LONG)
    for day in (date(2027, 3, 1), date(2047, 1, 1)):
        with pytest.raises(NoPause):
            pipeline.pause(participant=person, until=day, by=BY, now=START)
    for _ in range(2):
        pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=START)
    for _ in range(2):
        pipeline.resume(participant=person, by=BY, now=START)
    events = Event.objects.filter(event__startswith="participant.").order_by("pk")
    assert [(event.event, event.data) for event in events] == [
        ("participant.paused", {"before": None, "until": "2027-03-06"}),
        ("participant.resumed", {"before": "2027-03-06"}),
    ]
    Participant.objects.update(status="withdrawn", withdrawn_at=START)
    with pytest.raises(HasWithdrawn):
        pipeline.pause(participant=person, until=date(2027, 3, 6), by=BY, now=START)


def test_a_snooze_moves_what_is_due_before_it_and_no_more() -> None:
    a_person(LONG, quiet_hours=("22:00", "08:00"))
    pipeline.sweep(now=berlin(2, 9))
    occasion = Occasion.objects.get().pk
    for _ in range(2):
        pipeline.snooze(occasion=occasion, until=berlin(6, 23), by=BY, now=berlin(2, 10))
    assert [row[2:] for row in dues("m1")] == [
        ("due", berlin(7, 8)),
        ("cancelled", berlin(5, 9)),
        ("due", berlin(10, 9)),
    ]
    assert Occasion.objects.get().snoozed_until == berlin(6, 23)
    assert Event.objects.filter(event="occasion.snoozed").count() == 1
    assert [bool(claimed(at)) for at in (berlin(6, 12), berlin(7, 8))] == [False, True]
    pipeline.snooze(occasion=occasion, until=berlin(2, 12), by=BY, now=berlin(2, 11))
    assert [row[2:] for row in dues("m1")] == [
        ("due", berlin(2, 12)),
        ("due", berlin(5, 9)),
        ("due", berlin(10, 9)),
    ]


def test_only_what_is_open_can_be_snoozed_and_not_beyond_its_close() -> None:
    a_person(LONG)
    occasion = Occasion.objects.get().pk
    with pytest.raises(OccasionNotOpen):
        pipeline.snooze(occasion=occasion, until=berlin(6, 9), by=BY, now=START)
    pipeline.sweep(now=berlin(2, 9))
    for until in (berlin(2, 9), berlin(16, 9)):
        with pytest.raises(CannotSnooze):
            pipeline.snooze(occasion=occasion, until=until, by=BY, now=berlin(2, 9))
    with pytest.raises(OccasionClosed):
        pipeline.snooze(occasion=occasion, until=berlin(20, 9), by=BY, now=berlin(16, 9))


def test_an_own_time_of_day_moves_what_is_ahead() -> None:
    own = {**DIARY["schedule"], "own_time": True}
    person = a_person(DIARY | {"schedule": own}, LONG)
    pipeline.sweep(now=berlin(2, 10))
    for _ in range(2):
        pipeline.set_time_of_day(participant=person, at=time(18, 30, 12), by=BY, now=berlin(2, 11))
    opens = list(Occasion.objects.order_by("wave", "nth").values_list("opens_at", flat=True))
    assert opens == [berlin(2, 9), *(berlin(day, 18, 30) for day in range(3, 9)), berlin(2, 9)]
    assert dues("diary", 2)[1][3] == berlin(3, 21, 30)
    pipeline.set_time_of_day(participant=person, at=None, by=BY, now=berlin(2, 12))
    assert Occasion.objects.get(wave="diary", nth=2).opens_at == berlin(3, 9)
    events = Event.objects.filter(event="time_of_day.set").order_by("pk")
    assert [(e.data["before"], e.data["after"]) for e in events] == [
        (None, "18:30"),
        ("18:30", None),
    ]


def test_mails_that_nobody_wants_follow_the_plan_until_they_are_wanted_again() -> None:
    wave = wave_document(
        "m1", "P1D", schedule={"anchor": "therapy", "offset": "P0D", "at": "09:00"}
    )
    person = a_person(wave_document("baseline", "P0D"), wave, anchors=["therapy"])
    first, second = date(2027, 3, 10), date(2027, 3, 20)
    pipeline.set_anchor(participant=person, name="therapy", on=first, by=BY, now=START)
    pipeline.unsubscribe(participant=person, by=BY, now=START)
    pipeline.set_anchor(participant=person, name="therapy", on=second, by=BY, now=berlin(2, 9))
    assert {state for *_, state, _ in dues("m1")} == {"cancelled"}
    pipeline.resubscribe(participant=person, by=BY, now=berlin(15, 9))
    assert dues("m1")[0] == ("invitation", 1, "due", berlin(20, 9))
    assert {state for *_, state, _ in dues("m1")} == {"due"}


def test_after_a_silence_and_a_pause_no_reminder_comes_before_its_invitation() -> None:
    person = a_person(LONG)
    pipeline.unsubscribe(participant=person, by=BY, now=START)
    pipeline.pause(participant=person, until=date(2027, 3, 8), by=BY, now=START)
    pipeline.sweep(now=berlin(2, 9))
    pipeline.resubscribe(participant=person, by=BY, now=berlin(6, 9))
    assert dues("m1")[0][:3] == ("invitation", 1, "due")
    assert claimed(berlin(7, 23)) == []
    invitation = Message.objects.get(kind="invitation")
    assert claimed(berlin(8, 9)) == [str(invitation.pk)]
    assert invitation.due_at < Message.objects.get(kind="reminder", nth=2).due_at


@pytest.mark.parametrize("why_not", ["suppressed", "unsubscribed", "completed"])
def test_planning_again_brings_nothing_back_that_delivery_cancelled(why_not: str) -> None:
    person = a_person(LONG)
    pipeline.sweep(now=berlin(2, 9))
    pipeline.pause(participant=person, until=date(2027, 3, 4), by=BY, now=berlin(2, 10))
    Message.objects.filter(kind="invitation").update(state="cancelled", why_not=why_not)
    pipeline.resume(participant=person, by=BY, now=berlin(3, 9))
    assert dues("m1")[0][2] == "cancelled"


@pytest.mark.parametrize("reminders", [[], ["P3D", "P8D"]])
def test_who_snoozes_is_reminded_then_whatever_the_plan_has_left(reminders: list[str]) -> None:
    person = a_person(wave_document("m1", "P1D", reminders=reminders))
    pipeline.sweep(now=berlin(2, 9))
    Message.objects.filter(kind="invitation").update(state="sent", sent_at=berlin(2, 9))
    occasion = Occasion.objects.get().pk
    nth = len(reminders) + 1
    for until in (berlin(2, 12), berlin(3, 9)):
        for _ in range(2):
            pipeline.snooze(occasion=occasion, until=until, by=BY, now=berlin(2, 10))
        assert dues("m1")[-1] == ("reminder", nth, "due", until)
        assert len(dues("m1")) == nth + 1
    replan([person], by=BY, now=berlin(2, 11))
    assert claimed(berlin(3, 8)) == []
    assert claimed(berlin(3, 9)) == [str(Message.objects.get(kind="reminder", nth=nth).pk)]


def test_nobody_is_woken_in_quiet_hours_or_when_it_has_closed() -> None:
    a_person(
        wave_document("m1", "P1D", reminders=[], window={"start_within": "PT14H"}),
        quiet_hours=("22:00", "08:00"),
    )
    pipeline.sweep(now=berlin(2, 9))
    occasion = Occasion.objects.get().pk
    with pytest.raises(CannotSnooze):  # it closes at eleven in the evening
        pipeline.snooze(occasion=occasion, until=berlin(2, 22, 30), by=BY, now=berlin(2, 10))
