"""Signing up by a study's public link, page by page, and what it must never give away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from surveys import pipeline
from surveys.design.models import Study
from surveys.lib import clock, tokens
from surveys.participants.identity.models import SignUp
from surveys.participants.models import ConsentRecord, JoiningCount, Participant
from surveys.participants.sign_up_counts import Counts, by_day
from tests.functional.portal.test_links import fingerprint
from tests.integration.participants.joining_world import application, open_study

pytestmark = pytest.mark.django_db

PATH = "/join/calm-year/"
ADULT = {"screener.age": "34", "screener.site": "north"}
TICKED = {"statement.0": "1", "statement.1": "1"}
DETAILS = {"email": "ada@mail.example", "language": "en", "timezone": "Europe/Berlin"}
STATE = re.compile(r'name="state" value="([^"]+)"')


@pytest.fixture(autouse=True)
def no_attempts_before() -> None:
    cache.clear()


@pytest.fixture
def study() -> Study:
    return open_study()


def counted(study: Study) -> Counts:
    """What the study's link led to, all days together."""
    return sum(by_day(study).values(), Counts())


def text(reply: Any) -> str:
    body: str = reply.content.decode()
    return body


def heading(reply: Any) -> str:
    found = re.search(r"<h1>(.*?)</h1>", text(reply))
    return found[1] if found else ""


def state(reply: Any) -> str:
    found = STATE.search(text(reply))
    assert found, text(reply)
    return found[1]


def walk(client: Client, *pages: Mapping[str, str], start: str = PATH) -> Any:
    """Fill in page after page, each with the state of the one before; the last reply."""
    reply: Any = client.get(start)
    for fields in pages:
        reply = client.post(PATH, {"state": state(reply), **fields})
    return reply


def test_from_the_link_to_the_first_questionnaire(client: Client, study: Study) -> None:
    reply = walk(client, {}, ADULT, TICKED, DETAILS)
    assert (reply.status_code, reply["Location"]) == (303, f"{PATH}sent/?language=en")
    assert heading(client.get(reply["Location"])) == "Please look into your mailbox"
    row = SignUp.objects.get()
    link = f"/j/{tokens.make('joining', row.pk)}/"
    assert heading(client.get(link)) == "Do you want to take part?"
    assert client.post(link, {"confirm": "1"}).status_code == 303
    assert heading(client.get(link)) == "You take part"
    assert "I take part." in text(client.get(link))
    person = Participant.objects.get()
    assert (person.language, person.timezone, person.strata) == (
        "en", "Europe/Berlin", {"site": "north"},
    )  # fmt: skip
    consent = ConsentRecord.objects.get()
    assert "[x] I have read this." in consent.signed_text
    assert "34" not in str(Participant.objects.values())  # the screener's answers are gone


def test_unknown_closed_paused_and_unpublished_look_the_same(client: Client) -> None:
    open_study("closed-study", block={"open": False})
    open_study("paused-study")
    Study.objects.filter(code="paused-study").update(is_paused=True)
    Study.objects.create(code="draft-study", title={}, seed="s", created_at=clock.now())
    open_study("plain-study", joining=None)
    codes = ("closed-study", "paused-study", "draft-study", "plain-study", "no-such-study")
    replies = [client.get(f"/join/{code}/") for code in codes]
    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.content for reply in replies}) == 1
    assert "calm" not in text(replies[0]).lower()


def test_who_is_not_eligible_leaves_a_number_and_nothing_else(client: Client, study: Study) -> None:
    reply = walk(client, {}, {**ADULT, "screener.age": "17"})
    assert heading(reply) == "This study is not the right one for you"
    assert counted(study) == Counts(n_started=1, n_not_eligible=1)
    assert not SignUp.objects.exists()
    assert "state" not in text(reply)


def test_looking_changes_nothing(client: Client, study: Study) -> None:
    pipeline.ask_to_join(study=study, application=application(study), now=clock.now())
    link = f"/j/{tokens.make('joining', SignUp.objects.get().pk)}/"
    before = (fingerprint(), list(SignUp.objects.values()), list(JoiningCount.objects.values()))
    for _ in range(20):
        for path in (PATH, f"{PATH}sent/", link):
            assert client.get(path, follow=True).status_code == 200
            assert client.head(path).status_code == 200
    assert before == (
        fingerprint(), list(SignUp.objects.values()), list(JoiningCount.objects.values()),
    )  # fmt: skip


def test_who_takes_part_sees_what_everybody_sees(client: Client, study: Study) -> None:
    first = walk(client, {}, ADULT, TICKED, DETAILS)
    pipeline.join(sign_up=SignUp.objects.get().pk, now=clock.now())
    again = walk(client, {}, ADULT, TICKED, DETAILS)
    other = walk(client, {}, ADULT, TICKED, {**DETAILS, "email": "bob@mail.example"})
    assert {(r.status_code, r["Location"], r.content) for r in (first, again, other)} == {
        (303, first["Location"], b"")
    }
    for row in SignUp.objects.filter(participant=None):
        client.post(f"/j/{tokens.make('joining', row.pk)}/", {"confirm": "1"})
    assert Participant.objects.count() == 2


@pytest.mark.parametrize(
    "email",
    ["", "ada", "ada@localhost", "a@b.example, c@d.example", "ada@mail.example\r\nBcc: x@y.example",
     "ü@mail.example", "a" * 65 + "@mail.example", "ada@" + "x" * 300 + ".example"],
)  # fmt: skip
def test_an_address_that_cannot_be_is_shown_again(client: Client, study: Study, email: str) -> None:
    reply = walk(client, {}, ADULT, TICKED, {**DETAILS, "email": email})
    assert reply.status_code == 422
    assert "Please enter an e-mail address" in text(reply)
    assert not SignUp.objects.exists()


def test_what_is_wrong_is_said_in_the_pages_language_and_not_the_browsers(
    client: Client, study: Study
) -> None:
    reply: Any = client.get(PATH, headers={"Accept-Language": "de"})
    english = {"Accept-Language": "en"}
    for fields in ({}, ADULT, TICKED, {**DETAILS, "email": "ada"}):
        sent = {"state": state(reply), **fields}
        reply = client.post(PATH, sent, headers=english)
    assert reply["Content-Language"] == "de"
    assert "Bitte geben Sie eine E-Mail-Adresse ein" in text(reply)
    client.post(PATH, {"state": state(reply), **DETAILS})
    row = SignUp.objects.get()
    assert (row.language, row.consent_language) == ("en", "de"), "of the mails, and of the text"


def test_a_nul_is_nothing_that_anybody_types(client: Client, study: Study) -> None:
    reply = walk(client, {}, ADULT, TICKED, {**DETAILS, "email": "ada@mail.example\x00"})
    assert reply.status_code == 400
    assert heading(reply) == "Something in this page was not right"
    assert not SignUp.objects.exists()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "CET", "../etc/passwd", "Europe/berlin"])
def test_a_zone_must_be_one(client: Client, study: Study, zone: str) -> None:
    assert walk(client, {}, ADULT, TICKED, {**DETAILS, "timezone": zone}).status_code == 422


def test_every_required_sentence_is_ticked_by_itself(client: Client, study: Study) -> None:
    reply = walk(client, {}, ADULT, {"statement.0": "1", "statement.2": "1"})
    assert reply.status_code == 422
    assert 'href="#field-statement.1"' in text(reply)
    assert re.search(r'name="statement.0" value="1" checked', text(reply))
    assert not re.search(r'name="statement.1" value="1" checked', text(reply))


def test_screener_answers_that_are_none_are_asked_again(client: Client, study: Study) -> None:
    for age in ("", "old", "1e3", "-1", "9" * 50, "<script>"):
        reply = walk(client, {}, {**ADULT, "screener.age": age})
        assert reply.status_code == 422
        assert "<script>" not in text(reply).replace("<script src", "")
    assert walk(client, {}, {"screener.age": "34", "screener.site": "moon"}).status_code == 422


def test_no_page_can_be_left_out_or_forged(client: Client, study: Study) -> None:
    first = state(client.get(PATH))
    for sealed in ("", "x", first[:-1], first + "x", first.replace(":", ";")):
        assert client.post(PATH, {"state": sealed, **DETAILS}).status_code == 400
    reply = client.post(PATH, {"state": first, **ADULT, **TICKED, "email": "a@b.example"})
    assert heading(reply) == "Does the study fit you?"
    open_study("other-study")
    assert client.post("/join/other-study/", {"state": first}).status_code == 400
    assert not SignUp.objects.exists()


def test_forms_of_other_sites_are_refused(study: Study) -> None:
    client = Client(enforce_csrf_checks=True)
    reply = client.post(PATH, {"state": state(client.get(PATH))})
    assert (reply.status_code, heading(reply)) == (400, "Something in this page was not right")
    assert not JoiningCount.objects.exists()


def test_the_state_between_pages_holds_no_address(client: Client, study: Study) -> None:
    reply = walk(client, {}, ADULT, TICKED, {**DETAILS, "timezone": "nowhere"})
    from django.core import signing

    assert "ada" not in str(signing.loads(state(reply), salt="portal.joining"))


@pytest.mark.parametrize("token", ["x", "a" * 54, "a" + "b" * 52 + "z", "%00", "a" * 5000])
def test_links_that_are_none_lead_nowhere(client: Client, study: Study, token: str) -> None:
    for method in (client.get, client.post):
        assert method(f"/j/{token}/").status_code == 404


def test_a_link_is_for_one_purpose(client: Client, study: Study) -> None:
    pipeline.ask_to_join(study=study, application=application(study), now=clock.now())
    row = SignUp.objects.get().pk
    assert client.get(f"/j/{tokens.make('me', row)}/").status_code == 404
    assert client.get(f"/me/{tokens.make('joining', row)}/").status_code == 404


def test_strangers_are_slowed_down(client: Client, study: Study, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"join": "2/h/ip"}
    sealed = state(client.get(PATH))
    replies = [client.post(PATH, {"state": sealed}) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert heading(replies[2]) == "Please wait a little"


def test_without_a_cache_people_still_get_in(
    client: Client, study: Study, settings: Settings
) -> None:
    broken = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": broken}
    assert walk(client, {}, ADULT, TICKED, DETAILS).status_code == 303


def test_a_full_study_says_so(client: Client) -> None:
    study = open_study(block={"quotas": [{"places": 1, "strata": {"site": "north"}}]})
    early = application(study, consented_at=clock.now())
    pipeline.ask_to_join(study=study, application=early, now=clock.now())
    waiting = SignUp.objects.get().pk
    walk(client, {}, ADULT, TICKED, DETAILS)
    pipeline.join(sign_up=waiting, now=clock.now())
    assert heading(walk(client, {}, ADULT)) == "All places are taken"
    assert walk(client, {}, {**ADULT, "screener.site": "south"}).status_code == 200
    late = SignUp.objects.get(participant=None).pk  # asked while there was a place
    assert (
        heading(client.post(f"/j/{tokens.make('joining', late)}/", {"confirm": "1"}))
        == "All places are taken"
    )
    assert counted(study).n_full == 2


def test_a_panels_people_come_with_a_pseudonym(client: Client) -> None:
    block = {"panel": {"participant": "PROLIFIC_PID", "also": ["STUDY_ID", "SESSION_ID"]}}
    open_study(block=block)
    start = f"{PATH}?PROLIFIC_PID=5f3a&STUDY_ID=s1&SESSION_ID=ada@mail.example&other=1"
    walk(client, {}, ADULT, TICKED, DETAILS, start=start)
    row = SignUp.objects.get()
    assert (row.panel_id, row.parameters) == ("5f3a", {"STUDY_ID": "s1"})
    pipeline.join(sign_up=row.pk, now=clock.now())
    assert heading(walk(client, {}, start=start)) == "You cannot sign up a second time"
    for pid in ("{{%PROLIFIC_PID%}}", "ada@mail.example", "x" * 121):
        Client().get(PATH, {"PROLIFIC_PID": pid})
        reply = walk(client, {}, ADULT, start=f"{PATH}?PROLIFIC_PID={pid}")
        assert heading(reply) == "Your consent"


def test_group_codes_say_the_stratum(client: Client) -> None:
    block = {
        "screener": [],
        "groups": [{"code": "Class-7", "strata": {"site": "south", "class": "7"}}],
    }
    open_study(block=block, eligibility=None)
    assert walk(client, {"group": "class-8"}).status_code == 422
    assert walk(client, {"group": ""}).status_code == 422
    assert 'value="Class-7"' in text(client.get(f"{PATH}?group=Class-7"))
    walk(client, {"group": " class-7 "}, TICKED, DETAILS)
    row = SignUp.objects.get()
    assert (row.strata, row.group) == ({"site": "south", "class": "7"}, "Class-7")


def test_the_browsers_language_is_offered_and_can_be_changed(client: Client, study: Study) -> None:
    german = client.get(PATH, HTTP_ACCEPT_LANGUAGE="fr, de-AT;q=0.8, en;q=0.5")
    assert german["Content-Language"] == "de"
    english = client.post(PATH, {"state": state(german), "language": "en"})
    assert english["Content-Language"] == "en"
    reply = client.post(PATH, {"state": state(german)})
    assert "Wie alt sind Sie?" in text(reply)
    assert client.get(PATH, HTTP_ACCEPT_LANGUAGE="x" * 9000)["Content-Language"] == "en"
