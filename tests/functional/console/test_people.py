"""Enrolment from a file and one participant's page, good and bad input alike."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client

from surveys import pipeline
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib import clock
from surveys.participants.models import Participant
from surveys.scheduling.models import Message, Occasion
from tests.functional.console.cast import (
    Stage,
    client_of,
    fingerprint,
    make_staff,
    make_stage,
    uploaded,
)
from tests.world import make_occasion, make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db

HEADER = "email,name,language,timezone,consent_version,consented_at"
GOOD = f"""{HEADER}
bea@mail.example,Bea,en,Europe/Berlin,1,2026-01-31
cem@mail.example,Cem,de,Asia/Tokyo,1,2026-01-31T14:30
"""
BAD = f"""{HEADER}
bea@mail.example,Bea,en,Europe/Berlin,1,2026-01-31
cem,Cem,fr,Mars/Base,2,yesterday
"""


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def coordinator(stage: Stage) -> Client:
    return client_of(make_staff(Role.COORDINATOR, stage.study))


def enrol(client: Client, study: Study, text: str | bytes) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return client.post(f"/console/studies/{study.code}/enrol/", uploaded("people.csv", data))


def test_everybody_in_a_good_file_is_enrolled_once(coordinator: Client, stage: Stage) -> None:
    answer = enrol(coordinator, stage.study, GOOD)
    assert answer["Location"] == stage.url("people/")
    assert "2 people are enrolled." in coordinator.get(answer["Location"]).content.decode()
    assert Participant.objects.count() == 3
    assert Occasion.objects.filter(participant__code=stage.person.code).count() == 2
    before = Participant.objects.count(), Occasion.objects.count(), Message.objects.count()
    again = enrol(coordinator, stage.study, GOOD)
    said = coordinator.get(again["Location"]).content.decode()
    assert "0 people are enrolled. 2 of the file were enrolled already." in said
    assert (
        Participant.objects.count(),
        Occasion.objects.count(),
        Message.objects.count(),
    ) == before
    who = User.objects.get(email="coordinator@study.example").code
    assert set(Event.objects.filter(event="participant.enrolled").values_list("actor")) == {(who,)}


def test_a_bad_file_names_row_and_column_and_enrols_nobody(
    coordinator: Client, stage: Stage
) -> None:
    before = fingerprint()
    page = enrol(coordinator, stage.study, BAD)
    assert page.status_code == 422
    text = page.content.decode()
    assert "Nobody was enrolled" in text
    for column in ("email", "language", "timezone", "consent_version", "consented_at"):
        assert f"row 3, column {column}: " in text
    assert "row 2" not in text
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "the file is empty"),
        (HEADER, "no rows"),
        (GOOD.replace("email,", "mail,", 1), "column email: this column is missing"),
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD + "x\0y", "NUL"),
        (GOOD + 'x,"never closed', "never ends"),
        (GOOD + GOOD.split("\n")[1], "the same email as in row 2"),
    ],
)
def test_files_of_other_kinds_are_refused_in_words(
    coordinator: Client, stage: Stage, data: str | bytes, said: str
) -> None:
    page = enrol(coordinator, stage.study, data)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert Participant.objects.count() == 1


def test_a_file_that_is_wrong_throughout_shows_a_hundred_lines(
    coordinator: Client, stage: Stage
) -> None:
    rows = "\n".join(f"p{n}@mail.example,P,xx,Europe/Berlin,1,2026-01-31" for n in range(150))
    text = enrol(coordinator, stage.study, f"{HEADER}\n{rows}").content.decode()
    assert text.count("column language") == 100
    assert "and 50 more" in text


def test_the_grid_says_for_every_wave_where_each_person_stands(
    coordinator: Client, stage: Stage
) -> None:
    rows = coordinator.get(stage.url("people/")).context["rows"]
    assert [(row.code, [cell.words for cell in row.cells]) for row in rows] == [
        (stage.person.code, ["open", "planned"])
    ]
    found = coordinator.get(stage.url("people/"), {"code": "aaaa"})
    assert stage.person.code in found.content.decode()
    none = coordinator.get(stage.url("people/"), {"code": "<b>zz"}).content.decode()
    assert "No participant&#x27;s code has “&lt;b&gt;zz”" in none or "&lt;b&gt;zz" in none


def test_a_repeated_wave_counts_what_is_completed() -> None:
    waves = [
        wave_document("baseline", "P0D"),
        wave_document(
            "diary",
            "P1D",
            schedule={"anchor": "enrollment", "offset": "P1D", "every": "P1D", "times": 3},
        ),
    ]
    study = make_study("diaries", waves=waves)
    person = make_participant(study)
    for nth, state in enumerate(("completed", "expired", "planned"), start=1):
        make_occasion(person, "diary", nth, state=state)
    client = client_of(make_staff(Role.OWNER, study))
    (row,) = client.get("/console/studies/diaries/people/").context["rows"]
    assert row.cells[1].words == "1 of 3"
    page = client.get(f"/console/studies/diaries/people/{person.code}/").content.decode()
    assert "Diary, no. 3" in page
    assert "1 completed, 1 expired, 1 planned" in page


def test_a_persons_page_explains_every_occasion_and_message(
    coordinator: Client, stage: Stage
) -> None:
    page = coordinator.get(stage.url(f"people/{stage.person.code}/")).content.decode()
    assert "It opened on" in page
    assert "the mail server accepted it." in page
    assert stage.url(f"outbox/{stage.message.pk}/") in page


def test_who_may_not_read_mails_gets_no_link_to_them(stage: Stage) -> None:
    client = client_of(make_staff(Role.DATA_MANAGER, stage.study))
    page = client.get(stage.url(f"people/{stage.person.code}/")).content.decode()
    assert "invitation 1" in page
    assert "outbox/" not in page
    assert "Change something" not in page


@pytest.mark.parametrize("role", Role)
def test_name_and_address_are_shown_on_request_to_the_few_who_may(stage: Stage, role: Role) -> None:
    client = client_of(make_staff(role, stage.study))
    page = client.get(stage.url(f"people/{stage.person.code}/")).content.decode()
    may = role in {Role.OWNER, Role.COORDINATOR}
    assert "secret" not in page.lower()
    assert ("Show name and address" in page) is may
    answer = client.post(stage.url(f"people/{stage.person.code}/contact/"))
    assert ("Ada Secret &lt;ada@secret.example&gt;" in answer.content.decode()) is may
    viewed = Event.objects.filter(event="contact.viewed", subject=stage.person.code)
    assert viewed.count() == int(may)
    for event in viewed:
        assert event.actor == User.objects.get(email=f"{role}@study.example").code
        assert "secret" not in str(event.data)


def change(client: Client, stage: Stage, what: str, **fields: str) -> Any:
    return client.post(stage.url(f"people/{stage.person.code}/{what}/"), fields)


BAD_CHANGES: list[tuple[str, dict[str, str], str]] = [
    ("move", {"timezone": "Mars/Base"}, "no zone"),
    ("move", {"timezone": ""}, "no zone"),
    ("move", {"timezone": "europe/berlin"}, "did you mean Europe/Berlin?"),
    ("anchor", {"name": "moon", "on": "2027-01-31"}, "no date of this study"),
    ("anchor", {"name": "therapy_start", "on": "2027-02-30"}, "is no date such as"),
    ("anchor", {"name": "therapy_start", "on": ""}, "is no date such as"),
    ("anchor", {"name": "therapy_start", "on": "9999-12-31"}, "is not between"),
    ("anchor", {"name": "therapy_start", "on": "0001-01-01"}, "is not between"),
    ("pause", {"until": "2099-02-30"}, "is no date such as"),
    ("pause", {"until": "2001-01-01"}, "is not a day after"),
    ("pause", {"until": "2099-01-01"}, "at the most ten years later"),
    ("time", {"at": "half past six"}, "is no time of day such as 18:30"),
    ("time", {"at": "25:00"}, "is no time of day such as 18:30"),
    ("reminders", {"reminders": "two"}, "'two' is none of all, one, none"),
    ("reminders", {}, "is none of all, one, none"),
    ("withdraw", {"scope": "keep_data", "reason": " "}, "say why"),
    ("withdraw", {"scope": "everything", "reason": "x"}, "Choose what is kept"),
    ("withdraw", {}, "Choose what is kept"),
]


@pytest.mark.parametrize(("what", "fields", "said"), BAD_CHANGES)
def test_a_change_that_makes_no_sense_changes_nothing(
    what: str, fields: dict[str, str], said: str
) -> None:
    stage = make_stage("dated", anchors=["therapy_start"])
    client = client_of(make_staff(Role.COORDINATOR, stage.study))
    before = fingerprint()
    page = client.post(f"/console/studies/dated/people/{stage.person.code}/{what}/", fields)
    assert page.status_code == 422
    text = page.content.decode()
    assert "Nothing was changed." in text
    assert said in text.replace("&#x27;", "'")
    assert fingerprint() == before


def test_a_move_a_date_and_a_withdrawal(coordinator: Client, stage: Stage) -> None:
    assert change(coordinator, stage, "move", timezone="Asia/Tokyo").status_code == 302
    stage.person.refresh_from_db()
    assert stage.person.timezone == "Asia/Tokyo"
    answer = change(coordinator, stage, "withdraw", scope="keep_data", reason="no time")
    assert answer.status_code == 302
    page = coordinator.get(answer["Location"]).content.decode()
    assert "is withdrawn. Nothing further is asked or sent." in page
    assert "Lives in another time zone now" not in page
    assert "Keep the answers, and name and address" not in page, "only what is left to delete"
    states = set(Occasion.objects.values_list("state", flat=True))
    assert states == {"cancelled"}
    refused = change(coordinator, stage, "move", timezone="Europe/Paris")
    assert (refused.status_code, "withdrew on" in refused.content.decode()) == (422, True)


def test_staff_note_how_many_reminders_somebody_wants(coordinator: Client, stage: Stage) -> None:
    answer = change(coordinator, stage, "reminders", reminders="one")
    page = coordinator.get(answer["Location"]).content.decode()
    assert "gets one reminder of each questionnaire from now on" in page
    assert "only one of each questionnaire" in page
    assert '<option value="one" selected>' in page
    event = Event.objects.get(event="reminders.set", subject=stage.person.code)
    assert (event.data["before"], event.data["after"]) == ("all", "one")


def test_after_a_withdrawal_name_and_address_can_still_be_deleted(
    coordinator: Client, stage: Stage
) -> None:
    change(coordinator, stage, "withdraw", scope="keep_data", reason="no time")
    change(coordinator, stage, "withdraw", scope="erase_contact", reason="asked to be forgotten")
    page = change(coordinator, stage, "contact").content.decode()
    assert "deleted" in page
    assert "secret" not in page.lower()
    assert "Withdraws" not in page
    events = Event.objects.filter(event="participant.withdrawn").order_by("pk")
    assert [event.reason for event in events] == ["no time", "asked to be forgotten"]


def test_a_date_plans_the_waves_that_hang_on_it(stage: Stage) -> None:
    waves = [
        wave_document("baseline", "P0D"),
        wave_document(
            "after",
            "P7D",
            schedule={"anchor": "therapy_start", "offset": "P7D", "at": "09:00"},
        ),
    ]
    study = make_study("dated", anchors=["therapy_start"], waves=waves)
    client = client_of(make_staff(Role.COORDINATOR, study))
    enrol(client, study, GOOD)
    person = Participant.objects.filter(study=study).first()
    assert person is not None
    page = f"/console/studies/dated/people/{person.code}/"
    assert "not set" in client.get(page).content.decode()
    fields: dict[str, Any] = {"name": "therapy_start", "on": "2098-01-31"}
    assert client.post(f"{page}anchor/", fields).status_code == 302
    occasion = Occasion.objects.get(participant=person, wave="after")
    assert occasion.opens_at is not None
    assert occasion.opens_at.date().isoformat() == "2098-02-07"
    assert "2098-01-31" in client.get(page).content.decode()


def test_a_pause_is_shown_changed_and_ended(coordinator: Client, stage: Stage) -> None:
    page = stage.url(f"people/{stage.person.code}/")
    assert "End the pause now" not in coordinator.get(page).content.decode()
    until = (clock.now() + timedelta(days=9)).date()
    assert change(coordinator, stage, "pause", until=until.isoformat()).status_code == 302
    text = coordinator.get(page).content.decode()
    assert f"nothing is sent before {until}" in text
    stage.person.refresh_from_db()
    assert stage.person.paused_until == until
    assert change(coordinator, stage, "resume").status_code == 302
    assert "nothing is sent before" not in coordinator.get(page).content.decode()
    events = Event.objects.filter(event__in=("participant.paused", "participant.resumed"))
    assert {event.actor_kind for event in events} == {"staff"}
    assert events.count() == 2


def test_who_wants_fewer_reminders_is_told(stage: Stage, coordinator: Client) -> None:
    page = stage.url(f"people/{stage.person.code}/")
    assert "<dt>Reminders</dt>" not in coordinator.get(page).content.decode()
    by = Actor.participant(stage.person.code)
    pipeline.set_reminders(participant=stage.person, wanted="one", by=by, now=clock.now())
    text = coordinator.get(page).content.decode()
    assert "only one of each questionnaire, as the participant asked" in text


def test_a_time_of_day_is_asked_for_only_where_a_wave_lets_people_choose(stage: Stage) -> None:
    schedule = {"anchor": "enrollment", "offset": "P9D", "at": "09:00", "own_time": True}
    other = make_stage("own-times", waves=[wave_document("m9", "P9D", schedule=schedule)])
    owner = client_of(make_staff(Role.OWNER, stage.study))
    page = owner.get(stage.url(f"people/{stage.person.code}/"))
    assert "Likes another time of day" not in page.content.decode()
    coordinator = client_of(make_staff(Role.COORDINATOR, other.study))
    for typed, kept in (("18:30", time(18, 30)), ("", None)):
        assert change(coordinator, other, "time", at=typed).status_code == 302
        other.person.refresh_from_db()
        assert other.person.time_of_day == kept


def test_who_wants_no_mails_is_shown_everywhere_and_may_take_it_back(stage: Stage) -> None:
    client, by = client_of(make_staff(Role.COORDINATOR, stage.study)), Actor.system("test")
    pipeline.unsubscribe(participant=stage.person, by=by, now=clock.now())
    assert "1 takes part without mails" in client.get(stage.url()).content.decode()
    assert "no mails" in client.get(stage.url("people/")).content.decode()
    page = stage.url(f"people/{stage.person.code}/")
    assert "stopped by the participant" in client.get(page).content.decode()
    answer = client.post(f"{page}mails-again/", follow=True)
    assert "gets mails again" in answer.content.decode()
    assert "stopped by the participant" not in answer.content.decode()
    assert Participant.objects.get().unsubscribed_at is None
    event = Event.objects.get(event="participant.resubscribed")
    assert (event.actor_kind, event.subject) == ("staff", stage.person.code)
