"""Reading studies, participants and occasions."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from surveys import pipeline
from surveys.design.models import Study
from surveys.scheduling.models import Occasion
from tests.integration.api.callers import client, user
from tests.integration.participants.studies import BY, NOW, entry, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def program() -> APIClient:
    """The owner's program; three people are enrolled."""
    study = published()
    entries = [entry(n, code=f"P-{n}", name=f"Name {n}") for n in range(3)]
    pipeline.enrol(study=study, entries=entries, source="csv", by=BY, now=NOW)
    return client(user(study, email="owner@example.net"))


def _get(program: APIClient, path: str, **query: Any) -> Any:
    answer = program.get(f"/api/v1/studies/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_study_tells_its_protocol(program: APIClient) -> None:
    study = _get(program, "calm/")
    assert study["code"] == "calm"
    protocol = study["protocol"]
    assert (protocol["version"], protocol["consent_version"]) == (1, 2)
    assert (protocol["arms"], protocol["strata"]) == (["abct", "waitlist"], ["site"])
    assert protocol["waves"][0] == {
        "code": "baseline",
        "title": None,
        "instruments": ["mood@1"],
        "arms": [],
        "n_occasions": 1,
    }
    assert "seed" not in str(study)


def test_a_study_that_is_not_published_has_no_protocol(program: APIClient) -> None:
    draft = Study.objects.create(code="draft", title={"en": "x"}, seed="s", created_at=NOW)
    assert _get(client(user(draft)), "draft/")["protocol"] is None


def test_participants_are_shown_by_pseudonym(program: APIClient) -> None:
    listed = _get(program, "calm/participants/")["results"]
    assert [person["code"] for person in listed] == ["P-0", "P-1", "P-2"]
    one = _get(program, "calm/participants/P-1/")
    assert one == listed[1]
    assert (one["status"], one["language"], one["timezone"]) == ("enrolled", "en", "Europe/Berlin")
    assert one["strata"] == {"site": "north"}
    assert one["arm"] in {"abct", "waitlist"}


def test_no_answer_holds_a_name_or_an_address(program: APIClient) -> None:
    paths = ("", "calm/", "calm/participants/", "calm/participants/P-1/", "calm/occasions/")
    said = "".join(str(_get(program, path)) for path in paths)
    assert "P-1" in said
    for personal in ("@", "Name", "person1"):
        assert personal not in said.replace("mood@1", "")


def test_pages_follow_one_another(program: APIClient) -> None:
    codes, query = [], {"page_size": "2"}
    while True:
        page = program.get("/api/v1/studies/calm/participants/", query).json()
        codes += [person["code"] for person in page["results"]]
        if page["next"] is None:
            break
        _, _, cursor = page["next"].partition("cursor=")
        query = {"page_size": "2", "cursor": cursor.split("&")[0].replace("%3D", "=")}
    assert codes == ["P-0", "P-1", "P-2"]


def test_occasions_can_be_asked_for_by_participant_wave_and_state(program: APIClient) -> None:
    everything = _get(program, "calm/occasions/")["results"]
    assert {o["participant"] for o in everything} == {"P-0", "P-1", "P-2"}
    (one,) = _get(program, "calm/occasions/", participant="P-1")["results"]
    assert (one["wave"], one["nth"], one["protocol_version"]) == ("baseline", 1, 1)
    assert one["id"] == str(Occasion.objects.get(participant__code="P-1").pk)
    assert _get(program, "calm/occasions/", wave="other")["results"] == []
    assert len(_get(program, "calm/occasions/", wave="baseline")["results"]) == 3
    assert _get(program, "calm/occasions/", state="expired")["results"] == []
    assert len(_get(program, "calm/occasions/", state=one["state"])["results"]) == 3


def test_occasions_of_other_studies_stay_there(program: APIClient) -> None:
    other = published("other")
    pipeline.enrol(study=other, entries=[entry(code="X-1")], source="csv", by=BY, now=NOW)
    assert len(_get(program, "calm/occasions/")["results"]) == 3
    assert _get(program, "calm/occasions/", participant="X-1")["results"] == []


def test_a_page_takes_few_queries(program: APIClient, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(6):
        _get(program, "calm/occasions/")


@pytest.mark.parametrize(
    "query",
    [
        {"state": "asleep"},
        {"participant": "a\0b"},
        {"participant": "x" * 21},
        {"wave": "\0"},
        {"wave": "no slug"},
    ],
)
def test_an_unfit_filter_is_named(program: APIClient, query: dict[str, str]) -> None:
    answer = program.get("/api/v1/studies/calm/occasions/", query)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert {error["field"] for error in answer.json()["errors"]} == set(query)


@pytest.mark.parametrize(
    "cursor", ["x", "cD1hYmM=", "cD0A", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "\0"]
)
@pytest.mark.parametrize("path", ["participants", "occasions"])
def test_a_made_up_cursor_does_no_harm(program: APIClient, path: str, cursor: str) -> None:
    answer = program.get(f"/api/v1/studies/calm/{path}/", {"cursor": cursor})
    assert answer.status_code in {200, 404}
