"""Personal links: looking changes nothing, and a link that is no use says so kindly."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from psycopg.sql import SQL, Identifier
from pytest_django import Settings

from surveys.lib import clock, tokens
from surveys.portal.passes import cookie_name
from surveys.responding.models import Submission
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState
from tests.answering import link, make_answerable
from tests.functional.portal.test_pages import hidden

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def occasion() -> Occasion:
    return make_answerable()


def fingerprint() -> dict[str, str]:
    """One hash a table over all its rows, whatever the columns."""
    with connection.cursor() as sql:
        return {table: _hash(sql, table) for table in connection.introspection.table_names(sql)}


def _hash(sql: Any, table: str) -> str:
    query = SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t")
    sql.execute(query.format(Identifier(table)))
    return str(sql.fetchone()[0])


def test_twenty_looks_of_every_kind_change_no_row(client: Client, occasion: Occasion) -> None:
    before = fingerprint()
    path = link(occasion)
    for _ in range(20):
        for answer in (
            client.get(path),
            client.head(path),
            client.get(path, headers={"Sec-Purpose": "prefetch"}),
            client.get("/survey/"),
            client.get("/survey/thanks/"),
        ):
            assert answer.status_code in {200, 403}
    assert fingerprint() == before
    assert cookie_name() not in client.cookies
    assert "sessionid" not in client.cookies


def test_the_fingerprint_would_notice_one_changed_row(occasion: Occasion) -> None:
    """The control for the test above."""
    before = fingerprint()
    Occasion.objects.update(link_opened_at=clock.now())
    changed = {table for table, value in fingerprint().items() if before[table] != value}
    assert changed == {"surveys_occasion"}


def test_the_landing_page_says_who_how_long_and_that_it_is_voluntary(
    client: Client, occasion: Occasion
) -> None:
    page = client.get(link(occasion)).content.decode()
    for words in ("A year of calm", "Study office", "About 2 minutes", "voluntary", "call 112"):
        assert words in page


def test_start_opens_the_occasion_and_moves_the_secret_out_of_the_address(
    client: Client, occasion: Occasion
) -> None:
    answer = client.post(link(occasion), {"start": "1"})
    assert (answer.status_code, answer["Location"]) == (303, "/survey/")
    occasion.refresh_from_db()
    assert occasion.link_opened_at is not None
    assert (occasion.state, occasion.started_at) == (OccasionState.OPEN, None)
    cookie = client.cookies[cookie_name()]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert "sessionid" not in client.cookies


def test_with_https_the_cookie_is_bound_to_the_host(
    client: Client, occasion: Occasion, settings: Settings
) -> None:
    settings.IS_HTTPS = True
    client.post(link(occasion), {"start": "1"})
    cookie = client.cookies["__Host-survey"]
    assert (cookie["secure"], cookie["domain"], cookie["path"]) == (True, "", "/")


def near_misses(occasion: Occasion) -> list[str]:
    """Links that are no links, from plain nonsense to one flipped bit."""
    good = tokens.make("occasion", occasion.id, occasion.link_generation)
    raw = bytearray(base64.b32decode(good[1:-1].upper() + "===="))
    raw[-1] ^= 1
    flipped = "a" + base64.b32encode(bytes(raw)).decode().rstrip("=").lower() + "z"
    return [
        "x",
        good[:-1],
        good + "z",
        flipped,
        "b" + good[1:],
        "a" + "a" * 52 + "z",
        tokens.make("unsubscribe", occasion.id, 0),
        tokens.make("occasion", occasion.id, 1),
        tokens.make("occasion", occasion.participant.occasions.model().id, 0),
        "%00" * 54,
        "é" * 54,
    ]


def test_no_forged_link_opens_anything_and_all_look_alike(
    client: Client, occasion: Occasion
) -> None:
    pages = set()
    for token in near_misses(occasion):
        for answer in (client.get(f"/s/{token}/"), client.post(f"/s/{token}/", {"start": "1"})):
            assert answer.status_code == 404, token
            assert "cannot" not in answer.content.decode()
            pages.add(answer.content)
    assert len(pages) == 1
    assert b"calm" not in pages.pop()
    occasion.refresh_from_db()
    assert occasion.link_opened_at is None


def test_a_raised_generation_ends_link_and_visit(client: Client, occasion: Occasion) -> None:
    path = link(occasion)
    client.post(path, {"start": "1"})
    Occasion.objects.update(link_generation=1)
    assert client.get(path).status_code == 404
    assert client.get("/survey/").status_code == 403
    assert client.get(link(Occasion.objects.get())).status_code == 200


def test_a_page_that_was_opened_by_an_older_link_is_not_saved(
    client: Client, occasion: Occasion
) -> None:
    client.post(link(occasion), {"start": "1"})
    page = hidden(client.get("/survey/"))
    Occasion.objects.update(link_generation=1)
    for fields in ({}, {"generation": "1"}):
        assert client.post("/survey/", page | {"mood": "3"} | fields).status_code == 403
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"state": OccasionState.PLANNED}, 200, "a little early"),
        ({"state": OccasionState.EXPIRED}, 410, "is closed"),
        ({"state": OccasionState.COMPLETED, "ended_at": timedelta()}, 200, "already answered"),
        ({"state": OccasionState.CANCELLED, "cause": "withdrawn"}, 410, "no longer needed"),
        ({"state": OccasionState.EXCLUDED, "cause": "planned_missing"}, 410, "no longer needed"),
        ({"closes_at": timedelta(minutes=-1)}, 410, "is closed"),
    ],
    ids=["planned", "expired", "completed", "withdrawn", "not asked", "closed unswept"],
)
def test_a_link_out_of_its_time_is_answered_kindly_and_shows_no_answer(
    client: Client, occasion: Occasion, changes: dict[str, Any], status: int, words: str
) -> None:
    client.post(link(occasion), {"start": "1"})
    client.post("/survey/", first_page(client) | {"mood": "3"})
    assert Submission.objects.exists()
    values = {k: clock.now() + v if isinstance(v, timedelta) else v for k, v in changes.items()}
    Occasion.objects.update(**values)
    before = fingerprint()
    for answer in (client.get(link(occasion)), client.post(link(occasion), {"start": "1"})):
        assert answer.status_code == status
        assert words in answer.content.decode()
        assert b"checked" not in answer.content
    client.get("/survey/")
    client.post("/survey/", {"occasion": "x"})
    assert fingerprint() == before


def first_page(client: Client) -> dict[str, str]:
    """The hidden fields of the page that is shown now."""
    context = client.get("/survey/").context
    place = context["place"]
    return {"occasion": context["seal"], "instrument": place.instrument, "page": str(place.page)}


@pytest.mark.parametrize("path", ["landing", "/survey/", "/survey/thanks/", "/s/nothing/"])
def test_every_page_is_private(client: Client, occasion: Occasion, path: str) -> None:
    client.post(link(occasion), {"start": "1"})
    assert_private(client.get(link(occasion) if path == "landing" else path))


def assert_private(answer: Reply) -> None:
    assert answer["Cache-Control"] == "no-store"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_the_language_can_be_changed_before_anything_is_started(
    client: Client, occasion: Occasion
) -> None:
    path = link(occasion)
    answer = client.post(path, {"language": "de"})
    assert (answer.status_code, answer["Location"]) == (303, path)
    page = client.get(path)
    assert '<html lang="de" dir="ltr">' in page.content.decode()
    assert page["Content-Language"] == "de"
    assert "Im Notfall wählen Sie 112." in page.content.decode()
    assert client.get("/survey/").status_code == 403, "no question is shown before Start"
    occasion.refresh_from_db()
    assert occasion.link_opened_at is None


def test_a_page_for_nobody_speaks_the_browsers_language(client: Client) -> None:
    page = client.get("/s/nothing/", headers={"Accept-Language": "de-AT,de;q=0.9"})
    assert "führt nirgendwohin" in page.content.decode()


def test_other_sites_cannot_press_start(occasion: Occasion) -> None:
    strict = Client(enforce_csrf_checks=True)
    for origin in ("null", "https://evil.example"):
        answer = strict.post(link(occasion), {"start": "1"}, headers={"Origin": origin})
        assert answer.status_code == 403
    occasion.refresh_from_db()
    assert occasion.link_opened_at is None
