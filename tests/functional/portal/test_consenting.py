"""Agreeing anew over HTTP and in a browser: before the next page, by a POST, and kindly.

Set SHOTS to a folder to get a picture of every page that is checked.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from playwright.sync_api import expect

from surveys.audit.models import Event
from surveys.lib import clock, tokens
from surveys.messaging.models import Notification
from surveys.participants.identity.actions import NewPerson, remember_all
from surveys.participants.models import ConsentRecord, Participant
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.browser import DESKTOP
from tests.conftest import NewContext
from tests.functional.portal.test_journey import check
from tests.functional.portal.test_links import fingerprint
from tests.integration.participants.renewal_world import agreed, amend, consent
from tests.questionnaires import EVERY_KIND, SHORT
from tests.world import make_occasion, make_person, make_study

pytestmark = pytest.mark.django_db
TICKS = {"version": "2", "statement.0": "1"}


def made(**changes: Any) -> Occasion:
    """Somebody with an open questionnaire who agreed to the first text; now there is a second."""
    occasion = make_answerable([SHORT, EVERY_KIND], **changes)
    remember_all([NewPerson(occasion.participant, "ana@study.example", "Ana")])
    agreed(occasion.participant)
    amend(occasion.participant.study, now=clock.now())
    return Occasion.objects.select_related("participant").get(pk=occasion.pk)


def own(occasion: Occasion, rest: str = "consent/") -> str:
    return f"/me/{tokens.make('me', occasion.participant.key)}/{rest}"


def text(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def person() -> Participant:
    return Participant.objects.get()


def test_looking_at_every_step_changes_nothing(client: Client) -> None:
    occasion = made()
    before = fingerprint()
    for query in ("", "?language=de", "?declined=1", f"?to={link(occasion).split('/')[2]}"):
        for page in (client.get(own(occasion) + query), client.head(own(occasion) + query)):
            assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert client.head(link(occasion)).status_code == 303
    assert fingerprint() == before


def test_a_link_leads_there_first_and_on_afterwards(client: Client) -> None:
    occasion = made()
    answer = client.get(link(occasion))
    assert answer.status_code == 303
    address = answer["Location"]
    assert urlsplit(address).path == own(occasion)
    page = text(client, address)
    for words in (
        "The consent text has changed", "<strong>five</strong>", "What you agreed to before",
        "I take part.", "Write to me later. (voluntary)", "In an emergency call 112.",
    ):  # fmt: skip
        assert words in page
    answer = client.post(address, TICKS)
    assert answer.status_code == 303
    thanks = text(client, answer["Location"])
    assert "Thank you" in thanks
    assert "[x] I have read the new text." in thanks
    onward = re.search(r'href="(/s/[^"]+)"', thanks)
    assert onward is not None
    assert onward[1] == link(occasion)
    assert "Start" in text(client, onward[1])
    assert Notification.objects.count() == 1
    assert ConsentRecord.objects.get(version=2).language == "en"


def test_what_no_mail_brought_stays_so(client: Client) -> None:
    occasion = made()
    address = client.get(f"{link(occasion)}?own")["Location"]
    assert "own" in parse_qs(urlsplit(address).query, keep_blank_values=True)
    answer = client.post(address, TICKS)
    assert f"{link(occasion)}?own" in text(client, answer["Location"])


def test_in_the_language_that_is_chosen(client: Client) -> None:
    occasion = made()
    address = f"{own(occasion)}?language=de"
    page = text(client, address)
    for words in ('lang="de"', "<strong>fünf</strong>", "Ich nehme teil.", "Die Einwilligung"):
        assert words in page
    client.post(address, TICKS)
    record = ConsentRecord.objects.get(version=2)
    assert record.language == "de"
    assert "fünf" in record.signed_text


@pytest.mark.parametrize(
    ("posted", "status", "words"),
    [
        ({"version": "2"}, 422, "Please tick this sentence"),
        ({"version": "2", "statement.1": "1"}, 422, "Please tick this sentence"),
        ({"version": "1", "statement.0": "1"}, 409, "has changed once more"),
        ({"statement.0": "1"}, 409, "has changed once more"),
    ],
)
def test_less_is_no_consent(
    client: Client, posted: dict[str, str], status: int, words: str
) -> None:
    occasion = made()
    before = fingerprint()
    page = client.post(own(occasion), posted)
    assert page.status_code == status
    assert words in page.content.decode()
    assert fingerprint() == before


def test_a_text_without_sentences_has_one_to_tick(client: Client) -> None:
    occasion = make_answerable([SHORT])
    agreed(occasion.participant)
    amend(occasion.participant.study, consent(statements=[]), now=clock.now())
    assert client.post(own(occasion), {"version": "2"}).status_code == 422
    assert client.post(own(occasion), {"version": "2", "agree": "1"}).status_code == 303


def test_declining_is_kind_and_leaves_everything(client: Client) -> None:
    occasion = made()
    before = person().consent_pending_since
    answer = client.post(own(occasion), {"decline": "1"})
    page = text(client, answer["Location"])
    for words in ("That is all right", own(occasion, "leave/"), f"{own(occasion, '')}#mails"):
        assert words in page
    assert person().consent_pending_since == before
    assert client.get(link(occasion)).status_code == 303
    assert Event.objects.get(event="consent.declined").actor_kind == "participant"
    assert client.get(own(occasion, "leave/")).status_code == 200


def test_a_page_that_was_open_is_kept_until_they_agree(client: Client) -> None:
    occasion = make_answerable([SHORT])
    agreed(occasion.participant)
    client.post(link(occasion), {"start": "1"})
    page = text(client, "/survey/")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    answers = {**fields, "mood": "3", "action": "next"}
    amend(occasion.participant.study, now=clock.now())
    held = client.post("/survey/", answers)
    assert held.status_code == 409
    assert "Read the new text" in held.content.decode()
    assert 'name="mood" value="3"' in held.content.decode()
    assert not Submission.objects.exists()
    assert client.get("/survey/")["Location"].startswith("/me/")
    client.post(own(occasion), TICKS)
    assert client.post("/survey/", {**answers, "reopen": "1"}).status_code == 303
    assert Submission.objects.get().answers == {"mood": 3}


def test_the_own_page_says_so_while_something_is_to_come(client: Client) -> None:
    occasion = made()
    assert 'href="consent/"' in text(client, own(occasion, ""))
    Occasion.objects.update(state="completed", started_at=clock.now(), ended_at=clock.now())
    assert 'href="consent/"' not in text(client, own(occasion, ""))


def test_whoever_need_not_or_has_left_is_asked_nothing(client: Client) -> None:
    occasion = make_answerable([SHORT])
    assert "nothing that you need to agree to" in text(client, own(occasion))
    assert client.post(own(occasion), TICKS).status_code == 200
    assert not ConsentRecord.objects.exists()
    person_left = Participant.objects.filter(pk=occasion.participant_id)
    person_left.update(status="withdrawn", withdrawn_at=clock.now())
    assert "There is nothing to do here" in text(client, own(occasion))


def test_a_link_of_somebody_else_leads_nowhere(client: Client) -> None:
    occasion = made()
    other = make_occasion(make_person(make_study("other"), "BBBB-0002"))
    assert client.get(f"{own(occasion)}?to={link(other).split('/')[2]}").status_code == 404
    assert client.get(f"{own(occasion)}?to=nonsense").status_code == 404
    assert client.get("/me/nonsense/consent/").status_code == 404


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("320-plain", {"viewport": {"width": 320, "height": 640}, "java_script_enabled": False}),
        ("320-dark", {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}),
        ("1280", {"viewport": DESKTOP}),
    ],
)
def test_in_a_browser(
    live: str, new_context: NewContext, name: str, options: dict[str, Any]
) -> None:
    occasion, has_scripts = made(), "plain" not in name  # which axe needs
    page = new_context(**options).new_page()
    page.goto(f"{live}{link(occasion)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("The consent text has changed")
    page.get_by_text("What you agreed to before").click()
    expect(page.get_by_text("I take part.")).to_be_visible()
    check(page, f"consent-{name}-asked", has_scripts=has_scripts)
    page.get_by_role("button", name="I agree").click()
    check(page, f"consent-{name}-again", has_scripts=has_scripts)
    page.get_by_role("button", name="I do not agree").click()
    check(page, f"consent-{name}-declined", has_scripts=has_scripts)
    page.get_by_role("link", name="Read the text again").click()
    page.get_by_text("I have read the new text.").click()
    page.get_by_role("button", name="I agree").click()
    check(page, f"consent-{name}-given", has_scripts=has_scripts)
    page.get_by_role("link", name="Go to the questionnaire").click()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Mood?")).to_be_visible()


@pytest.mark.browser
def test_what_was_typed_meanwhile_is_saved_afterwards(live: str, new_context: NewContext) -> None:
    occasion = make_answerable([SHORT])
    agreed(occasion.participant)
    context = new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{live}{link(occasion)}")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("fieldset")).to_be_visible()
    amend(occasion.participant.study, now=clock.now())
    page.locator("fieldset .option").nth(3).click()
    page.locator("button.primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Not saved yet")
    check(page, "consent-320-held")
    with context.expect_page() as opened:
        page.get_by_role("link", name="Read the new text").click()
    opened.value.get_by_text("I have read the new text.").click()
    opened.value.get_by_role("button", name="I agree").click()
    expect(opened.value.get_by_role("heading", level=1).first).to_have_text("Thank you")
    page.get_by_role("button", name="Save these answers").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Not saved yet")
    assert Submission.objects.get().state == "final"
