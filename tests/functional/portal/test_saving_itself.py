"""Answers save themselves: what the page's script posts, as HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from surveys.lib import clock
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable
from tests.functional.portal.test_pages import PAGE_1, hidden, send, text
from tests.questionnaires import EVERY_KIND, SHORT

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def occasion() -> Occasion:
    return make_answerable([EVERY_KIND])


@pytest.fixture
def visitor(client: Client, occasion: Occasion) -> Client:
    client.post(link(occasion), {"start": "1"})
    return client


def autosave(client: Client, shown: dict[str, str], turn: int = 1, **typed: str) -> Reply:
    """What the script sends after these were answered on a page with the hidden fields `shown`."""
    touched = " ".join(f"{code}:1.5" for code in typed)
    told = {"action": "autosave", "turn": str(turn), "touched": touched}
    return client.post("/survey/", shown | told | typed)


def stored() -> dict[str, object]:
    return dict(Submission.objects.get().answers)


def test_an_answer_is_kept_as_a_draft_and_leads_nowhere(
    visitor: Client, occasion: Occasion
) -> None:
    shown = hidden(visitor.get("/survey/"))
    reply = autosave(visitor, shown, closeness="6")
    assert (reply.status_code, reply.json()) == (200, {"unsaved": []})
    assert reply["Cache-Control"] == "no-store"
    assert stored() == {"closeness": 6}
    occasion.refresh_from_db()
    assert occasion.state == OccasionState.STARTED
    assert "Page 1 of 3" in text(visitor.get("/survey/"))


def test_a_page_that_is_all_answered_still_waits_for_continue(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    autosave(visitor, shown, closeness="6", age="40", hours="7,5")
    assert "Page 1 of 3" in text(visitor.get("/survey/")), "here"
    second = Client()
    second.post(link(Occasion.objects.get()), {"start": "1"})
    assert "Page 2 of 3" in text(second.get("/survey/")), "on another device nothing is asked twice"


def test_no_answer_becomes_final_by_itself(client: Client) -> None:
    occasion = make_answerable([SHORT])
    client.post(link(occasion), {"start": "1"})
    autosave(client, hidden(client.get("/survey/")), mood="3")
    assert Submission.objects.get().state == Submission.State.DRAFT
    occasion.refresh_from_db()
    assert occasion.state == OccasionState.STARTED


def test_what_is_not_valid_is_named_and_the_rest_is_kept(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    assert autosave(visitor, shown, closeness="6", age="12").json() == {"unsaved": ["age"]}
    assert stored() == {"closeness": 6}


def test_only_what_was_touched_counts(visitor: Client) -> None:
    """A second tab that shows the page as it was clears nothing that the first one saved."""
    first, tab = (hidden(visitor.get("/survey/")) for _ in range(2))
    autosave(visitor, first, closeness="6")
    reply = visitor.post(
        "/survey/",
        tab | {"action": "autosave", "turn": "1", "touched": "age:2", "closeness": "", "age": "40"},
    )
    assert reply.status_code == 200
    assert stored() == {"closeness": 6, "age": 40}


def test_a_save_that_was_overtaken_on_the_way_changes_nothing(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    autosave(visitor, shown, turn=2, closeness="6")
    autosave(visitor, shown, turn=1, closeness="1")
    assert stored() == {"closeness": 6}
    visitor.post("/survey/", shown | PAGE_1 | {"closeness": "5"})
    autosave(visitor, shown, turn=3, closeness="1")
    assert stored()["closeness"] == 5, "what somebody sent is newer"


def test_the_same_save_again_is_one_save(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    autosave(visitor, shown, closeness="6")
    before = Submission.objects.values().get()
    assert autosave(visitor, shown, closeness="6").status_code == 200
    assert Submission.objects.values().get() == before


def test_an_answer_that_was_taken_back_is_taken_back(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    autosave(visitor, shown, closeness="6")
    autosave(visitor, shown, turn=2, closeness="")
    assert stored() == {"closeness": None}


def test_nothing_answered_stores_nothing(visitor: Client) -> None:
    assert autosave(visitor, hidden(visitor.get("/survey/"))).status_code == 200
    assert not Submission.objects.exists()


def test_after_the_end_nothing_is_saved(visitor: Client) -> None:
    first = hidden(visitor.get("/survey/"))
    for typed in (PAGE_1, {"agree": "1"}, {}):
        page = send(visitor, typed)
        if page.status_code == 422:
            visitor.post("/survey/", hidden(page) | typed)
    before = Submission.objects.values().get()
    assert before["state"] == Submission.State.FINAL
    assert autosave(visitor, first, turn=9, closeness="1").status_code == 409
    assert Submission.objects.values().get() == before


def test_a_closed_window_says_so(visitor: Client) -> None:
    shown = hidden(visitor.get("/survey/"))
    Occasion.objects.update(closes_at=clock.now())
    assert autosave(visitor, shown, closeness="6").status_code == 410
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"turn": "x"}, {"turn": "9" * 500}, {"touched": "\x00"}, {"touched": "closeness"},
     {"page": "3"}, {"instrument": "calm@1"}, {"occasion": "forged"}],
    ids=str,
)  # fmt: skip
def test_odd_saves_give_no_error_and_no_row(visitor: Client, fields: dict[str, str]) -> None:
    shown = hidden(visitor.get("/survey/"))
    odd = {"action": "autosave", "touched": "age:1", "age": "40"} | fields
    reply = visitor.post("/survey/", shown | odd)
    assert reply.status_code < 500
    if "turn" not in fields:
        assert not Submission.objects.exists()
