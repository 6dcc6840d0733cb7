"""The questionnaire over HTTP: what is typed is kept, and what is wrong is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from surveys.audit.actors import Actor
from surveys.lib import clock
from surveys.portal.passes import cookie_name
from surveys.responding.models import Submission
from surveys.scheduling.actions import replan
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable, make_questionnaire, window_around
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import make_occasion

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

pytestmark = pytest.mark.django_db

PAGE_1 = {"closeness": "6", "age": "40", "hours": "7,5"}
PAGE_2 = {"change": "-2", "note": "fine", "agree": "1"}


@pytest.fixture
def occasion() -> Occasion:
    return make_answerable([EVERY_KIND])


@pytest.fixture
def visitor(client: Client, occasion: Occasion) -> Client:
    client.post(link(occasion), {"start": "1"})
    return client


def hidden(page: Reply) -> dict[str, str]:
    """The hidden fields of the form, as a browser would send them."""
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.content.decode()
    )
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def send(client: Client, typed: Mapping[str, str], **fields: str) -> Reply:
    """Fill in the page that is shown now, and post it."""
    return client.post("/survey/", hidden(client.get("/survey/")) | dict(typed) | fields)


def text(page: Reply) -> str:
    return page.content.decode()


def plan(occasion: Occasion) -> None:
    """Plan what else the study asks of the person, as enrolment would have."""
    replan([occasion.participant], by=Actor.system("test"), now=clock.now())


def answers() -> dict[str, object]:
    return dict(Submission.objects.get().answers)


def test_continue_saves_and_leads_on_with_a_redirect(visitor: Client) -> None:
    answer = send(visitor, PAGE_1, action="next")
    assert (answer.status_code, answer["Location"]) == (303, "/survey/")
    assert answers() == {"closeness": 6, "age": 40, "hours": 7.5}
    assert "Page 2 of 3" in text(visitor.get("/survey/"))


def test_back_keeps_what_was_typed_and_shows_the_page_before_with_its_answers(
    visitor: Client,
) -> None:
    send(visitor, PAGE_1)
    send(visitor, {"note": "half a thou"}, action="back")
    page = text(visitor.get("/survey/"))
    assert "Page 1 of 3" in page
    assert re.search(r'name="closeness" value="6" checked', page)
    assert 'value="7.5"' in page
    send(visitor, PAGE_1)
    assert "half a thou" in text(visitor.get("/survey/"))


def test_what_is_wrong_is_said_beside_the_field_and_at_the_top(visitor: Client) -> None:
    page = send(visitor, PAGE_1 | {"age": "12"})
    assert page.status_code == 422
    shown = text(page)
    assert "<title>Please check: Page 1 of 3" in shown
    assert '<a href="#age-field">' in shown
    assert 'id="age-problem">This number is outside of what is possible: 18 to 120.' in shown
    assert re.search(
        r'id="age-field" name="age" value="12"[^>]*age-problem[^>]*aria-invalid', shown
    )
    assert re.search(r'name="closeness" value="6" checked', shown)


def test_unanswered_questions_are_pointed_out_once(visitor: Client) -> None:
    page = send(visitor, {"age": "40"})
    assert page.status_code == 422
    assert "1 question is not answered yet" in text(page)
    again = visitor.post("/survey/", hidden(page) | {"age": "40"})
    assert again.status_code == 303
    assert answers() == {"closeness": None, "age": 40, "hours": None}


def test_going_back_over_a_skipped_question_does_not_ask_again(visitor: Client) -> None:
    first = send(visitor, {"age": "40"})
    visitor.post("/survey/", hidden(first) | {"age": "40"})
    send(visitor, {}, action="back")
    assert send(visitor, {"age": "41"}).status_code == 303


def test_a_required_question_holds_until_it_is_answered(visitor: Client) -> None:
    send(visitor, PAGE_1)
    page = send(visitor, {"note": "x"}, confirmed_skips="agree")
    assert "we cannot go on without it" in text(page)
    assert 'value="x"' in text(page) or ">x</textarea>" in text(page)


@pytest.mark.parametrize(
    "typed",
    [{"note": "a\x00b"}, {"note": "x" * 201}, {"change": "9" * 5000}, {"change": "\x00"}],
    ids=["NUL", "too long", "5000 digits", "NUL as a number"],
)
def test_hostile_values_are_refused_in_words_and_the_rest_is_kept(
    visitor: Client, typed: dict[str, str]
) -> None:
    send(visitor, PAGE_1)
    page = send(visitor, PAGE_2 | typed)
    assert page.status_code == 422
    (code,) = typed
    assert f'id="{code}-problem"' in text(page)
    assert code not in answers()
    assert answers()["agree"] == 1


def test_markup_in_answers_stays_text(visitor: Client) -> None:
    send(visitor, PAGE_1)
    send(visitor, {"note": '"><script>alert(1)</script>'}, action="back")
    send(visitor, PAGE_1)
    assert "<script>alert" not in text(visitor.get("/survey/"))


@pytest.mark.parametrize(
    "fields",
    [
        {"page": "3"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "9" * 5000},
        {"page": ""},
        {"instrument": "calm@1"},
        {"instrument": "every-kind@9"},
        {"instrument": "\x00"},
        {"instrument": ""},
    ],
    ids=str,
)
def test_a_page_that_was_not_reached_leads_back_to_the_one_that_was(
    visitor: Client, fields: dict[str, str]
) -> None:
    answer = visitor.post("/survey/", hidden(visitor.get("/survey/")) | PAGE_1 | fields)
    assert (answer.status_code, answer["Location"]) == (303, "/survey/")
    assert not Submission.objects.exists()


@pytest.mark.parametrize("occasion_field", ["", "forged", "x:y:z", "\x00"])
def test_a_page_without_its_seal_is_not_saved(visitor: Client, occasion_field: str) -> None:
    fields = hidden(visitor.get("/survey/")) | PAGE_1 | {"occasion": occasion_field}
    assert visitor.post("/survey/", fields).status_code == 400
    assert not Submission.objects.exists()


def test_oversize_and_overlong_bodies_are_refused(visitor: Client) -> None:
    fields = hidden(visitor.get("/survey/"))
    assert visitor.post("/survey/", fields | {"note": "x" * 3_000_000}).status_code in {400, 413}
    many = fields | {f"f{n}": "1" for n in range(1_001)}
    assert visitor.post("/survey/", many).status_code == 400
    assert not Submission.objects.exists()


def test_a_forged_cookie_is_no_pass(client: Client, occasion: Occasion) -> None:
    for value in ("", "forged", str(occasion.id)):
        client.cookies[cookie_name()] = value
        page = client.get("/survey/")
        assert page.status_code == 403
        assert "Please open your link again" in text(page)


def test_answers_typed_for_another_questionnaire_are_held_and_saved_where_they_belong(
    visitor: Client, occasion: Occasion
) -> None:
    typed = hidden(visitor.get("/survey/")) | PAGE_1
    other = make_occasion(occasion.participant, "m3", **window_around(clock.now()))
    visitor.post(link(other), {"start": "1"})
    page = visitor.post("/survey/", typed)
    assert page.status_code == 409
    assert "another questionnaire open" in text(page)
    assert not Submission.objects.exists(), "nothing is filed under either of them"
    assert visitor.post("/survey/", hidden(page)).status_code == 303
    assert Submission.objects.get().occasion == occasion
    assert answers() == {"closeness": 6, "age": 40, "hours": 7.5}
    assert "Page 2 of 3" in text(visitor.get("/survey/"))


def test_answers_typed_before_the_browser_forgot_the_visit_are_held_too(visitor: Client) -> None:
    typed = hidden(visitor.get("/survey/")) | PAGE_1
    visitor.cookies.clear()
    page = visitor.post("/survey/", typed)
    assert (page.status_code, Submission.objects.count()) == (409, 0)
    visitor.post("/survey/", hidden(page))
    assert answers()["age"] == 40


def test_a_browser_that_lost_its_cookies_loses_no_answers(occasion: Occasion) -> None:
    strict = Client(enforce_csrf_checks=True)
    path = link(occasion)
    strict.post(path, {"start": "1", "csrfmiddlewaretoken": csrf(strict.get(path))})
    typed = hidden(strict.get("/survey/")) | PAGE_1
    strict.cookies.clear()
    page = strict.post("/survey/", typed | {"csrfmiddlewaretoken": "old"})
    assert (page.status_code, Submission.objects.count()) == (409, 0)
    strict.post("/survey/", hidden(page) | {"csrfmiddlewaretoken": csrf(page)})
    assert answers()["age"] == 40


def csrf(page: Reply) -> str:
    """The token in the page's form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text(page))
    return found[1] if found else ""


def test_another_site_gets_neither_a_save_nor_a_form(visitor: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    page = strict.post("/survey/", PAGE_1 | {"occasion": "forged"})
    assert page.status_code == 403
    assert "<form" not in text(page).partition("<footer")[0]
    assert not Submission.objects.exists()


def test_the_language_changes_without_losing_what_was_typed(visitor: Client) -> None:
    answer = send(visitor, {"closeness": "6", "age": "40"}, language="de")
    assert answer.status_code == 303
    page = text(visitor.get("/survey/"))
    assert "Seite 1 von 3" in page
    assert re.search(r'name="closeness" value="6" checked', page)
    send(visitor, PAGE_1)
    assert Submission.objects.get().paradata["language"] == "de"


def test_a_value_that_is_wrong_survives_a_change_of_language(visitor: Client) -> None:
    page = send(visitor, {"age": "12"}, language="de")
    assert "außerhalb des Möglichen" in text(page)
    assert 'value="12"' in text(page)


def test_a_language_that_the_study_does_not_speak_changes_nothing(visitor: Client) -> None:
    send(visitor, {"age": "40"}, language="<script>")
    assert '<html lang="en"' in text(visitor.get("/survey/"))


def test_a_second_browser_goes_on_at_the_first_page_that_is_not_saved(
    visitor: Client, occasion: Occasion
) -> None:
    send(visitor, PAGE_1)
    second = Client()
    assert "Welcome back" in text(second.get(link(occasion)))
    second.post(link(occasion), {"start": "1"})
    assert "Page 2 of 3" in text(second.get("/survey/"))


def finish(client: Client) -> Reply:
    send(client, PAGE_1)
    send(client, PAGE_2)
    return send(client, {})


def test_the_end_says_thanks_and_when_the_next_one_comes(
    visitor: Client, occasion: Occasion
) -> None:
    plan(occasion)
    assert finish(visitor)["Location"] == "/survey/thanks/"
    page = text(visitor.get("/survey/thanks/"))
    assert "Your answers are saved" in page
    following = Occasion.objects.get(wave="m3")
    assert following.opens_at is not None
    assert str(following.opens_at.year) in page
    occasion.refresh_from_db()
    assert occasion.state == OccasionState.COMPLETED


def test_after_the_last_questionnaire_it_says_so(client: Client) -> None:
    now = clock.now()
    waves = make_questionnaire([SHORT]).protocol.document["waves"][:1]
    last = make_questionnaire(
        [SHORT], study="short", protocol={"waves": waves}, **window_around(now)
    )
    client.post(link(last), {"start": "1"})
    send(client, {"mood": "3"})
    assert "the last questionnaire of the study" in text(client.get("/survey/thanks/"))


def test_after_the_end_no_route_changes_or_shows_an_answer(
    visitor: Client, occasion: Occasion
) -> None:
    first = hidden(visitor.get("/survey/"))
    finish(visitor)
    before = answers()
    for page, typed in (("1", PAGE_1 | {"age": "99"}), ("2", PAGE_2), ("3", {"action-": "1"})):
        for fields in ({"action": "next"}, {"action": "back"}, {"language": "de"}):
            posted = first | {"page": page} | typed | fields
            assert visitor.post("/survey/", posted).status_code in {303, 409}
    visitor.post(link(occasion), {"start": "1"})
    assert answers() == before
    for path in ("/survey/", "/survey/thanks/", link(occasion)):
        assert "99" not in text(visitor.get(path, follow=True))
        assert "fine" not in text(visitor.get(path, follow=True))


def test_the_last_page_sent_twice_ends_at_the_same_thanks(visitor: Client) -> None:
    send(visitor, PAGE_1)
    send(visitor, PAGE_2)
    last = hidden(visitor.get("/survey/"))
    assert visitor.post("/survey/", last)["Location"] == "/survey/thanks/"
    assert visitor.post("/survey/", last)["Location"] == "/survey/thanks/"


def test_that_nothing_has_been_validated_is_said_where_the_items_appear(visitor: Client) -> None:
    assert "How well they measure has not been tested yet" in text(visitor.get("/survey/"))


def test_the_next_date_comes_as_a_calendar_file_that_tells_nothing(
    visitor: Client, occasion: Occasion
) -> None:
    plan(occasion)
    finish(visitor)
    assert "They arrived on" in text(visitor.get("/survey/thanks/"))
    file = visitor.get("/survey/thanks/next.ics")
    assert file["Content-Type"] == "text/calendar; charset=utf-8"
    assert file["Cache-Control"] == "no-store"
    content = file.content.decode()
    following = Occasion.objects.get(wave="m3")
    assert following.opens_at is not None
    assert f"DTSTART:{following.opens_at:%Y%m%dT%H%M%SZ}\r\n" in content
    assert "calm" not in content.lower()
    assert str(following.pk) not in content
    Occasion.objects.filter(pk=following.pk).update(state=OccasionState.OPEN)
    assert visitor.get("/survey/thanks/next.ics")["Location"] == "/survey/thanks/"
    assert Client().get("/survey/thanks/next.ics").status_code == 403


def test_of_a_random_prompt_the_calendar_gets_the_day_alone(client: Client) -> None:
    waves = make_questionnaire([SHORT]).protocol.document["waves"]
    waves[1]["schedule"] = {
        "anchor": "enrollment", "offset": "P90D", "random_between": ["10:00", "20:00"],
    }  # fmt: skip
    drawn = make_questionnaire(
        [SHORT], study="drawn", protocol={"waves": waves}, **window_around(clock.now())
    )
    plan(drawn)
    client.post(link(drawn), {"start": "1"})
    send(client, {"mood": "3"})
    assert "DTSTART;VALUE=DATE:" in text(client.get("/survey/thanks/next.ics"))
