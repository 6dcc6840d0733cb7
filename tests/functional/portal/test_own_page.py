"""The participant's own page over HTTP and in a browser: what it says and what it lets people do."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import expect

from surveys import pipeline
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.lib import clock, dates, tokens
from surveys.participants.models import Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Message, Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable
from tests.browser import PHONE, accessibility_faults
from tests.conftest import NewContext
from tests.functional.portal.test_links import fingerprint
from tests.questionnaires import SHORT
from tests.world import make_message, make_occasion, wave_document

pytestmark = pytest.mark.django_db

OWN_TIME = {"anchor": "enrollment", "offset": "P3M", "at": "09:00", "own_time": True}
THEIRS = {
    **wave_document("worry", "P0D", instruments=[SHORT.ref], reminders=[]),
    "schedule": {"event": "participant", "times": 2, "min_gap": "P1D"},
    "title": {"en": "When you worry", "de": "Wenn Sie sich sorgen"},
}


def waves(*more: object, **changes: object) -> dict[str, object]:
    """A protocol with a baseline, a follow-up and what is given."""
    shown = [SHORT.ref]
    base = wave_document("baseline", "P0D", instruments=shown)
    return {"waves": [base, wave_document("m3", "P3M", instruments=shown, **changes), *more]}


def made(*more: object, **changes: object) -> Occasion:
    """An open baseline with a reminder to come, and a follow-up in three months."""
    now = clock.now()
    occasion = make_answerable([SHORT], protocol=waves(*more, **changes))
    Participant.objects.update(enrolled_at=now - timedelta(hours=2))
    make_message(occasion, "reminder", due_at=now + timedelta(days=3))
    opens_at = now + timedelta(days=90)
    make_occasion(
        occasion.participant, "m3", state=OccasionState.PLANNED,
        opens_at=opens_at, closes_at=opens_at + timedelta(days=14),
    )  # fmt: skip
    return occasion


@pytest.fixture
def occasion() -> Occasion:
    return made(THEIRS, schedule=OWN_TIME)


def path(occasion: Occasion, purpose: str = "me") -> str:
    return f"/me/{tokens.make(purpose, occasion.participant.key)}/"


def person() -> Participant:
    return Participant.objects.get()


def say(client: Client, occasion: Occasion, action: str, /, **fields: str) -> str:
    """Post one wish and read the page that follows."""
    answer = client.post(path(occasion), {"action": action, **fields})
    assert answer.status_code == 303
    return client.get(answer["Location"]).content.decode()


def test_looking_changes_nothing_and_is_not_kept(client: Client, occasion: Occasion) -> None:
    before = fingerprint()
    for _ in range(3):
        page = client.get(path(occasion))
        assert page.status_code == client.head(path(occasion)).status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert fingerprint() == before


def test_it_says_what_is_open_and_on_which_day_the_next_one_comes(
    client: Client, occasion: Occasion
) -> None:
    text = client.get(path(occasion)).content.decode()
    assert link(occasion) in text
    assert "Baseline" in text
    assert "Your next questionnaire:" in text
    assert "When you worry" in text


def test_it_shows_no_answer(client: Client, occasion: Occasion) -> None:
    client.post(link(occasion), {"start": "1"})
    page = client.get("/survey/").content.decode()
    assert "closeness" not in client.get(path(occasion)).content.decode()
    assert page
    assert not Submission.objects.exists()


@pytest.mark.parametrize("purpose", ["unsubscribe", "occasion"])
def test_a_token_for_something_else_leads_nowhere(
    client: Client, occasion: Occasion, purpose: str
) -> None:
    assert client.get(path(occasion, purpose)).status_code == 404


def test_a_pause_and_its_end(client: Client, occasion: Occasion) -> None:
    until = (clock.now() + timedelta(days=10)).date()
    text = say(client, occasion, "pause", until=until.isoformat())
    assert "Your pause is noted." in text
    assert "Your first day back:" in text
    assert "Remind me" not in text
    assert person().paused_until == until
    text = say(client, occasion, "resume")
    assert "Your pause is over." in text
    assert person().paused_until is None
    assert [e.actor_kind for e in Event.objects.filter(event__startswith="participant.")] == [
        "participant",
        "participant",
    ]


@pytest.mark.parametrize("until", ["", "soon", "2020-01-01", "9999-12-31", "2050-01-01"])
def test_a_pause_that_makes_no_sense_changes_nothing(
    client: Client, occasion: Occasion, until: str
) -> None:
    before = fingerprint()
    answer = client.post(path(occasion), {"action": "pause", "until": until})
    assert answer.status_code == 422
    assert (
        "Please choose a day after today and within the next ten years" in answer.content.decode()
    )
    assert fingerprint() == before


@pytest.mark.parametrize("when", ["soon", "tomorrow"])
def test_a_reminder_can_be_put_off(client: Client, occasion: Occasion, when: str) -> None:
    now = clock.now()
    text = say(client, occasion, "snooze", occasion=str(occasion.pk), when=when)
    assert "We will remind you then." in text
    occasion.refresh_from_db()
    assert occasion.snoozed_until is not None
    assert now < occasion.snoozed_until <= now + timedelta(days=2)


def test_nobody_puts_off_what_is_not_theirs(client: Client, occasion: Occasion) -> None:
    stranger = make_answerable([SHORT], study="other")
    fields = {"action": "snooze", "occasion": str(stranger.pk), "when": "soon"}
    assert client.post(path(occasion), fields).status_code == 422
    stranger.refresh_from_db()
    assert stranger.snoozed_until is None


def test_no_reminder_is_offered_behind_the_close(client: Client) -> None:
    occasion = made()
    Occasion.objects.filter(pk=occasion.pk).update(closes_at=clock.now() + timedelta(hours=1))
    text = client.get(path(occasion)).content.decode()
    assert "Remind me" not in text
    fields = {"action": "snooze", "occasion": str(occasion.pk), "when": "soon"}
    assert client.post(path(occasion), fields).status_code == 422


def test_a_time_of_day_is_asked_where_the_study_heeds_it(
    client: Client, occasion: Occasion
) -> None:
    text = say(client, occasion, "time", at="18:30")
    assert 'value="18:30"' in text
    assert str(person().time_of_day) == "18:30:00"
    assert client.post(path(occasion), {"action": "time", "at": "late"}).status_code == 422
    say(client, occasion, "time", at="")
    assert person().time_of_day is None


def test_fewer_reminders_are_asked_for_and_all_of_them_again(
    client: Client, occasion: Occasion
) -> None:
    text = say(client, occasion, "reminders", reminders="none")
    assert "Your choice is noted" in text
    assert '<option value="none" selected>' in text
    assert "and do not remind you of it" in text
    reminder = Message.objects.get(occasion=occasion, kind="reminder")
    assert (reminder.state, reminder.why_not) == ("cancelled", "fewer_reminders")
    assert client.post(path(occasion), {"action": "reminders", "reminders": "2"}).status_code == 422
    assert person().reminders == "none"
    say(client, occasion, "reminders", reminders="all")
    reminder.refresh_from_db()
    assert (reminder.state, reminder.why_not) == ("due", "")


def test_who_wants_no_mails_is_not_asked_about_reminders(
    client: Client, occasion: Occasion
) -> None:
    assert "Reminders of each questionnaire" not in say(client, occasion, "stop")
    assert "Reminders of each questionnaire" in say(client, occasion, "again")


def test_a_study_without_own_times_asks_for_none(client: Client) -> None:
    assert "Your time of day" not in client.get(path(made())).content.decode()


def test_a_questionnaire_of_their_own_is_started_and_then_open(
    client: Client, occasion: Occasion
) -> None:
    answer = client.post(path(occasion), {"action": "start", "wave": "worry"})
    started = Occasion.objects.get(wave="worry")
    assert answer["Location"] == f"{link(started)}?own"
    text = client.get(path(occasion)).content.decode()
    assert link(started) in text
    assert "Start it now" not in text


@pytest.mark.parametrize("wave", ["m3", "nothing", ""])
def test_no_other_wave_can_be_started(client: Client, occasion: Occasion, wave: str) -> None:
    assert client.post(path(occasion), {"action": "start", "wave": wave}).status_code == 422
    assert Occasion.objects.count() == 2


def test_what_was_done_is_said_once_and_not_in_the_address(
    client: Client, occasion: Occasion
) -> None:
    answer = client.post(path(occasion), {"action": "stop"})
    assert answer["Location"] == path(occasion)
    assert "You get no more e-mails." in client.get(path(occasion)).content.decode()
    assert "You get no more e-mails." not in client.get(path(occasion)).content.decode()
    client.cookies["noted"] = "<script>"
    assert "<script>" not in client.get(path(occasion)).content.decode()


def test_another_language_is_spoken_at_once(client: Client, occasion: Occasion) -> None:
    assert "Ihre Sprache ist vermerkt." in say(client, occasion, "language", language="de")
    assert person().language == "de"
    before = fingerprint()
    for language in ("", "fr", "\0"):
        fields = {"action": "language", "language": language}
        assert client.post(path(occasion), fields).status_code == 422
    assert fingerprint() == before


def test_another_zone_shows_its_times_and_moves_what_is_ahead(
    client: Client, occasion: Occasion
) -> None:
    ahead = Occasion.objects.get(wave="m3").opens_at
    text = say(client, occasion, "zone", zone="Asia/Tokyo")
    assert "Your time zone is noted." in text
    assert "<option selected>Asia/Tokyo</option>" in text
    assert person().timezone == "Asia/Tokyo"
    assert Occasion.objects.get(wave="m3").opens_at != ahead
    assert "Tokyo" in Event.objects.get(event="participant.moved").data["after"]
    for zone in ("", "Tokyo", "../etc/passwd"):
        assert client.post(path(occasion), {"action": "zone", "zone": zone}).status_code == 422


def test_what_is_done_and_what_comes_stand_there_with_their_days(
    client: Client, occasion: Occasion
) -> None:
    assert "What you have done" not in client.get(path(occasion)).content.decode()
    now = clock.now()
    Occasion.objects.filter(pk=occasion.pk).update(
        state="completed", started_at=now, ended_at=now.replace(hour=12)
    )
    text = client.get(path(occasion)).content.decode()
    assert "1 of 2 questionnaires are done" in text
    assert f"Baseline: {dates.day(now.replace(hour=12), 'Europe/Berlin', 'en')}" in text
    coming = Occasion.objects.get(wave="m3").opens_at
    assert coming is not None
    assert f"M3: {dates.day(coming, 'Europe/Berlin', 'en')}" in text


def test_mails_end_and_begin_again(client: Client, occasion: Occasion) -> None:
    text = say(client, occasion, "stop")
    assert "You still take part" in text
    assert "This page shows it when it is open" in text
    assert link(occasion) in text
    assert set(Message.objects.values_list("state", flat=True)) == {"cancelled"}
    assert "Send me no more e-mails" in say(client, occasion, "again")
    assert "due" in Message.objects.values_list("state", flat=True)


def test_what_nobody_can_ask_is_refused(client: Client, occasion: Occasion) -> None:
    before = fingerprint()
    for fields in ({}, {"action": "erase"}, {"action": "\0"}):
        assert client.post(path(occasion), fields).status_code == 400
    assert fingerprint() == before


def test_a_form_from_elsewhere_is_refused_kindly(occasion: Occasion) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path(occasion), {"action": "stop"})
    assert answer.status_code == 403
    assert person().unsubscribed_at is None


def test_somebody_who_has_left_sees_a_neutral_page(client: Client, occasion: Occasion) -> None:
    pipeline.withdraw(
        participant=occasion.participant, scope="keep_data", reason="asked",
        by=Actor.system("test"), now=clock.now(),
    )  # fmt: skip
    for answer in (client.get(path(occasion)), client.post(path(occasion), {"action": "stop"})):
        assert "nothing to do here" in answer.content.decode()
        assert link(occasion) not in answer.content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "de"])
def test_on_a_phone_without_scripts(
    live: str, new_context: NewContext, language: str, tmp_path: Path
) -> None:
    occasion = made(THEIRS, schedule=OWN_TIME)
    Participant.objects.update(language=language)
    page = new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(f"{live}{path(occasion)}")
    until = (clock.now() + timedelta(days=10)).date()
    page.locator("#until").fill(until.isoformat())
    page.locator("button[value=pause]").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.screenshot(path=tmp_path / f"own-{language}.png", full_page=True)
    seen = new_context(viewport=PHONE).new_page()
    for _ in range(2):
        seen.goto(f"{live}{path(occasion)}")
        assert accessibility_faults(seen) == []
        assert seen.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_going_on_from_the_own_page_proves_no_mail(client: Client, occasion: Occasion) -> None:
    """The link in the foot of any mail leads there, so it does not say that this one arrived."""
    invitation = make_message(occasion, state="unknown")
    page = client.get(path(occasion)).content.decode()
    (to,) = re.findall(r'href="(/s/[^"]+)"', page)
    assert client.post(to, {"start": "1"}).status_code == 303
    occasion.refresh_from_db()
    assert occasion.link_opened_at is not None
    invitation.refresh_from_db()
    assert invitation.state == "unknown"
    client.post(to.partition("?")[0], {"start": "1"})
    invitation.refresh_from_db()
    assert invitation.state == "sent"
