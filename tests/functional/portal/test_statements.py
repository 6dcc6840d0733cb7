"""What a participant's page costs in the database: each statement is there for a reason."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from surveys.scheduling.models import Occasion
from tests.answering import link, make_answerable
from tests.functional.portal.test_pages import hidden, plan
from tests.questionnaires import EVERY_KIND, SHORT
from tests.statements import statements
from tests.world import make_message, wave_document

pytestmark = pytest.mark.django_db(transaction=True)

FIND = ("find the occasion behind the pass", r"SELECT o\.\S+ .* WHERE o\.id = \S+$")
CLOCK = ("ask the time", r"SELECT clock_timestamp\(\)")
HOLD = ("lock the person, then the occasion", r"SELECT o\.\S+ .* FOR NO KEY UPDATE OF p, o$")
READ = ("read what is asked and saved", r"SELECT i\.\S+ .* LEFT JOIN surveys_submission s ")
START = r"WITH c0 AS \( UPDATE surveys_occasion SET state = .*"
DROP = r", c3 AS \( UPDATE surveys_message SET state = .*"
NEW = r', c1 AS \(INSERT INTO "surveys_submission" .*'
KEEP = r', c1 AS \(UPDATE "surveys_submission" SET .*'
AUDIT = r', c2 AS \(INSERT INTO "surveys_event" .*'
SAVE = ("move the occasion's close and write answers and paradata", f"{START}{NEW}")
END = ("end it, write all and an event, drop its reminders", f"{START}{KEEP}{AUDIT}{DROP}")
END_AT_ONCE = (END[0], f"{START}{NEW}{AUDIT}{DROP}")

PAGE_VIEW = [CLOCK, FIND, READ]
DRAFT_POST = [CLOCK, HOLD, READ, SAVE]
LAST_PAGE = [CLOCK, HOLD, READ, END]

PLAN = [
    ("begin what can be undone by itself", r"SAVEPOINT "),
    ("hold the person for planning", r'SELECT "surveys_participant".* FOR NO KEY UPDATE OF '),
    ("find the person's version", r'SELECT "surveys_protocolversion"'),
    ("read their anchors", r'SELECT "surveys_anchor"'),
    ("hold their plan", r'SELECT "surveys_occasion".* FOR NO KEY UPDATE$'),
    ("read their plan", r'SELECT "surveys_occasion"'),
    ("read its messages", r'SELECT "surveys_message"'),
    ("let what is to come follow their version", r'UPDATE "surveys_occasion" SET "protocol_id"'),
    ("end what can be undone by itself", r"RELEASE SAVEPOINT "),
]

TYPED = [
    {"closeness": "6", "age": "40", "hours": "7,5"},
    {"change": "-2", "note": "fine", "agree": "1"},
    {"action-": "1"},
]


@pytest.fixture
def occasion(client: Client) -> Occasion:
    """Just started; the process and the connection have seen such pages before."""
    occasion = make_answerable([EVERY_KIND])
    make_message(occasion, "reminder")
    client.post(link(occasion), {"start": "1"})
    client.get("/survey/")
    return occasion


def check(found: list[str], wanted: list[tuple[str, str]]) -> None:
    """One statement for each reason and none besides; a failure lists both."""
    told = "\n".join(
        ["Wanted:", *(reason for reason, _ in wanted), "Found:", *(f[:400] for f in found)]
    )
    assert len(found) == len(wanted), told
    for statement, (reason, pattern) in zip(found, wanted, strict=True):
        assert re.match(pattern, statement), f"not to {reason}: {statement[:400]}\n{told}"


@pytest.mark.usefixtures("occasion")
def test_a_page_that_is_kept_as_a_draft(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    page = hidden(client.get("/survey/"))
    with statements(monkeypatch) as found:
        assert client.post("/survey/", page | TYPED[0]).status_code == 303
    check(found, DRAFT_POST)


@pytest.mark.usefixtures("occasion")
def test_the_last_page_of_all(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in TYPED[:-1]:
        client.post("/survey/", hidden(client.get("/survey/")) | typed)
    page = hidden(client.get("/survey/"))
    with statements(monkeypatch) as found:
        sent = client.post("/survey/", page | TYPED[-1])
    assert sent["Location"] == "/survey/thanks/"
    check(found, LAST_PAGE)


def test_the_last_page_where_another_wave_hangs_on_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That costs the plan as well; this one stays as it is."""
    waves = [
        wave_document("baseline", "P0D", instruments=[SHORT.ref]),
        wave_document("m3", "P3M", instruments=[SHORT.ref], only_if="baseline.completed"),
    ]
    occasion = make_answerable([SHORT], protocol={"waves": waves})
    plan(occasion)
    client.post(link(occasion), {"start": "1"})
    page = hidden(client.get("/survey/"))
    with statements(monkeypatch) as found:
        assert client.post("/survey/", page | {"mood": "3"})["Location"] == "/survey/thanks/"
    check(found, [CLOCK, HOLD, READ, END_AT_ONCE, *PLAN])


@pytest.mark.usefixtures("occasion")
def test_a_page_that_is_looked_at(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with statements(monkeypatch) as found:
        assert client.get("/survey/").status_code == 200
    check(found, PAGE_VIEW)
