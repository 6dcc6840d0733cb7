"""Enrolling through the API: the same rules as the file, and every fault by its field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from surveys import pipeline
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.api import limits
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.participants.identity import actions as identity
from surveys.participants.models import ConsentRecord, Participant
from surveys.scheduling.models import Occasion
from tests.integration.api.callers import PERSON, client, user
from tests.integration.participants.studies import BY, NOW, published

pytestmark = pytest.mark.django_db
PATH = "/api/v1/studies/calm/participants/"


@pytest.fixture
def program() -> APIClient:
    """The owner's program."""
    return client(user(published()))


def _post(program: APIClient, body: Any) -> tuple[int, Any]:
    answer = program.post(PATH, json.dumps(body), content_type="application/json")
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()


def _faults(program: APIClient, status: int, **changes: Any) -> dict[str, str]:
    got, body = _post(program, {**PERSON, **changes})
    assert (got, body["status"]) == (status, status)
    assert not Participant.objects.exclude(code="TAKEN").exists()
    return {error["field"]: error["detail"] for error in body["errors"]}


def test_somebody_is_enrolled_planned_for_and_shown_by_pseudonym(program: APIClient) -> None:
    status, shown = _post(program, {**PERSON, "code": "A-1"})
    assert status == 201
    assert (shown["code"], shown["site"], shown["strata"]) == ("A-1", "north", {"site": "north"})
    assert not any(part in str(shown) for part in ("@", "Ana", "Lima"))
    participant = Participant.objects.get()
    assert identity.contacts_of([participant.pk])[participant.pk].email == "ana.lima@example.org"
    assert ConsentRecord.objects.get().source == "api"
    assert Occasion.objects.filter(participant=participant).exists()
    event = Event.objects.get(event="participant.enrolled")
    assert (event.actor_kind, event.actor) == ("api", User.objects.get().code)


def test_the_same_request_again_changes_nothing(program: APIClient) -> None:
    first = _post(program, PERSON)
    assert _post(program, PERSON) == (200, first[1])
    assert Participant.objects.count() == 1


@pytest.fixture
def blind() -> APIClient:
    """The program of somebody who enrols but may not see contacts."""
    return client(user(Study.objects.get(), Role.RESEARCHER))


def _matched() -> list[tuple[str, bool]]:
    events = Event.objects.filter(event="participant.matched").order_by("pk")
    return [(event.subject, event.data["told"]) for event in events]


def test_a_known_address_does_not_tell_whose_it_is(program: APIClient, blind: APIClient) -> None:
    _post(program, {**PERSON, "code": "A-1"})
    status, body = _post(blind, PERSON)
    assert (status, "A-1" in str(body)) == (409, False)
    assert body["errors"][0]["field"] == "email"
    assert _matched() == [("A-1", False)]


def test_who_gives_the_code_or_may_see_contacts_is_told_and_that_is_kept(
    program: APIClient, blind: APIClient
) -> None:
    _, first = _post(program, {**PERSON, "code": "A-1"})
    assert _post(blind, {**PERSON, "code": "A-1"}) == (200, first)
    assert _post(program, PERSON) == (200, first)
    assert _matched() == [("A-1", True), ("A-1", True)]


def test_who_asked_to_be_forgotten_is_not_enrolled_again(program: APIClient) -> None:
    _post(program, {**PERSON, "code": "TAKEN"})
    pipeline.withdraw(
        participant=Participant.objects.get(), scope="erase_contact", reason="", by=BY, now=NOW
    )
    assert "asked to be forgotten" in _faults(program, 409)["email"]


def test_strata_may_be_given_by_name(program: APIClient) -> None:
    person = {key: value for key, value in PERSON.items() if key != "site"}
    status, shown = _post(program, {**person, "strata": {"site": "south"}})
    assert (status, shown["strata"]) == (201, {"site": "south"})


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"email": "nobody"}, "email", "no e-mail address"),
        ({"email": None}, "email", "null"),
        ({"email": ["a@example.org"]}, "email", "string"),
        ({"email": "a\0@example.org"}, "email", "Null characters"),
        ({"email": "a" * 300 + "@example.org"}, "email", "254"),
        ({"name": "A\0"}, "name", "Null characters"),
        ({"name": "Ana\nLima"}, "name", "line break"),
        ({"language": "fr"}, "language", "'fr' is no language of this study (en, de)"),
        ({"timezone": "Berlin"}, "timezone", "did you mean Europe/Berlin?"),
        ({"consent_version": 1}, "consent_version", "in force, which is 2"),
        ({"consent_version": "two"}, "consent_version", "integer"),
        ({"consent_version": 10**30}, "consent_version", "in force"),
        ({"consented_at": "yesterday"}, "consented_at", "no date and time"),
        ({"consented_at": "2999-01-01"}, "consented_at", "in the future"),
        ({"code": "has space"}, "code", "pattern"),
        ({"strata": {"sex": "f"}}, "strata.sex", "no stratum of this study"),
        ({"strata": "north"}, "strata", "dictionary"),
        ({"site": ""}, "site", "empty, but needed"),
        ({"e-mail": "x"}, "e-mail", "Unknown field; expected email,"),
    ],
)
def test_a_fault_is_named_by_field(
    program: APIClient, changes: dict[str, Any], field: str, says: str
) -> None:
    faults = _faults(program, 400, **changes)
    assert list(faults) == [field]
    assert says in faults[field]


def test_a_contradiction_is_a_conflict(program: APIClient) -> None:
    _post(program, {**PERSON, "code": "TAKEN"})
    faults = _faults(program, 409, code="OTHER")
    assert faults == {"code": "this person is enrolled under another code"}
    faults = _faults(program, 409, code="TAKEN", email="bea@example.org")
    assert faults == {"code": "'TAKEN' is the code of somebody else"}


def test_a_study_that_is_not_published_enrols_nobody() -> None:
    study = Study.objects.create(code="calm", title={"en": "x"}, seed="s", created_at=NOW)
    status, body = _post(client(user(study)), PERSON)
    assert (status, "not published" in body["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "Some fields"),
        (b"{", "JSON parse error"),
        (b"[]", "Invalid data"),
        (b'"text"', "Invalid data"),
        (b"null", "No data provided"),
        (b'{"email": NaN}', "JSON parse error"),
        (b'{"email": 1e400}', "JSON parse error"),
        (b'{"email": "a@b.example", "email": "c@d.example"}', "a key is there twice"),
        (b'{"email": "\xff"}', "JSON parse error"),
        (b'{"\\ud800": 1}', "half of a character"),
        (b"[" * 50_000, "nested too deeply"),
        (b'{"email": "' + b"a" * limits.MAX_BODY_BYTES + b'"}', "larger than 100000 bytes"),
    ],
)
def test_a_body_that_is_no_person_is_refused(program: APIClient, body: bytes, says: str) -> None:
    answer = program.post(PATH, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert says in str(problem)


def test_another_media_type_is_refused(program: APIClient) -> None:
    answer = program.post(PATH, PERSON, format="multipart")
    assert (answer.status_code, answer["Content-Type"]) == (415, "application/problem+json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*PERSON, "strata", "code"]), JSON, max_size=3))
def test_no_body_does_worse_than_a_problem(program: APIClient, changes: dict[str, Any]) -> None:
    status, _ = _post(program, {**PERSON, **changes})
    assert status in {200, 201, 400, 409}
