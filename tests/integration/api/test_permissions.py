"""Every route for every caller, allowed and denied."""

from __future__ import annotations

from uuid import UUID

import pytest

from surveys.access.roles import Role
from surveys.participants.models import Participant
from tests.integration.api.callers import PERSON, client, user
from tests.integration.participants.studies import published
from tests.world import make_message, make_occasion

pytestmark = pytest.mark.django_db

CALLERS = [*Role, "owner elsewhere", "inactive owner", "stranger"]
MEMBERS = "200 200 200 200 200 404 401 401"
READERS = "200 200 200 404 200 404 401 401"  # of messages
MESSAGE = UUID(int=1)
# One line a route, one column a caller, in the order above.
TABLE = {
    ("get", ""): MEMBERS,
    ("get", "coverage/"): MEMBERS,
    ("get", "consents/"): MEMBERS,
    ("get", "amendment/"): "404 404 404 404 404 404 401 401",  # no draft waits
    ("get", "amendment/people/"): "404 404 404 404 404 404 401 401",
    ("get", "participants/"): MEMBERS,
    ("get", "participants/A-1/"): MEMBERS,
    ("get", "occasions/"): MEMBERS,
    ("get", "occasions/A-1/baseline/1/explanation/"): MEMBERS,
    ("get", f"messages/{MESSAGE}/explanation/"): READERS,
    ("get", "messages/"): READERS,
    ("post", f"messages/{MESSAGE}/resend/"): "200 200 200 404 404 404 401 401",
    ("post", "participants/"): "201 201 201 404 404 404 401 401",
    ("put", "participants/"): "405 405 405 405 405 405 401 401",
    ("delete", "participants/A-1/"): "405 405 405 405 405 405 401 401",
}
CASES = [
    pytest.param(method, path, caller, int(status), id=f"{method}-{path}-{caller}")
    for (method, path), row in TABLE.items()
    for caller, status in zip(CALLERS, row.split(), strict=True)
]


@pytest.mark.parametrize(("method", "path", "caller", "status"), CASES)
def test_route_and_caller(method: str, path: str, caller: str, status: int) -> None:
    study, elsewhere = published(), published("elsewhere")
    person = Participant.objects.create(
        study=study,
        protocol=study.protocols.get(),
        code="A-1",
        language="en",
        timezone="UTC",
        enrolled_at=study.created_at,
    )
    make_message(make_occasion(person), id=MESSAGE)
    somebody = None
    if caller in set(Role):
        somebody = user(study, Role(caller))
    elif caller != "stranger":
        somebody = user(elsewhere if caller == "owner elsewhere" else study)
    program = client(somebody)
    if caller == "inactive owner" and somebody:
        somebody.is_active = False
        somebody.save()
    before = Participant.objects.count()
    answer = getattr(program, method)(f"/api/v1/studies/calm/{path}", PERSON, format="json")
    assert answer.status_code == status
    assert Participant.objects.count() == before + (status == 201)
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == status
    if status == 401:
        assert answer["WWW-Authenticate"] == "Bearer"


def test_the_list_of_studies_shows_ones_own_only() -> None:
    mine = published()
    published("elsewhere")
    listed = client(user(mine, Role.AUDITOR)).get("/api/v1/studies/").json()["results"]
    assert [study["code"] for study in listed] == ["calm"]
    assert client(user()).get("/api/v1/studies/").json()["results"] == []
    assert client().get("/api/v1/studies/").status_code == 401


def test_unknown_foreign_and_mistyped_answer_alike() -> None:
    published("elsewhere")
    program = client(user(published()))
    bodies = set()
    for path in ("unknown/", "elsewhere/", "calm/participants/A-1/", "a%00b/", "calm/nothing/"):
        answer = program.get(f"/api/v1/studies/{path}")
        assert answer.status_code == 404
        bodies.add((answer["Content-Type"], answer.json()["title"]))
    assert bodies == {("application/problem+json", "Not Found")}
    same = [program.get(f"/api/v1/studies/{code}/").json() for code in ("unknown", "elsewhere")]
    assert same[0] == same[1]


def test_a_session_works_too_but_writes_need_the_csrf_token() -> None:
    study = published()
    owner = user(study)
    program = client()
    program.handler.enforce_csrf_checks = True
    program.force_login(owner)
    assert program.get("/api/v1/studies/calm/").status_code == 200
    answer = program.post("/api/v1/studies/calm/participants/", PERSON, format="json")
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert not Participant.objects.exists()


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer nonsense", "Bearer a b", "Token x", "Basic eA"]
)
def test_a_wrong_token_is_refused(header: str) -> None:
    program = client()
    program.credentials(HTTP_AUTHORIZATION=header)
    answer = program.get("/api/v1/studies/")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
