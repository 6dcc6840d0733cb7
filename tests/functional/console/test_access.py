"""Every address of the console and of exports, and who may come in: one table, run both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from surveys.access.models import User
from surveys.access.roles import Role
from tests.functional.console.cast import (
    CALM_RULE,
    Stage,
    client_of,
    fingerprint,
    make_alert,
    make_staff,
    make_stage,
)

pytestmark = pytest.mark.django_db

O, R, C, D, A = Role.OWNER, Role.RESEARCHER, Role.COORDINATOR, Role.DATA_MANAGER, Role.AUDITOR  # noqa: E741
EVERYBODY = frozenset(Role)


@dataclass(frozen=True)
class Row:
    """One way in: the method, who may, and what they get; everybody else gets 404."""

    method: str
    may: frozenset[Role]
    status: int = 200


def only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


# A POST is sent without fields, so that those who may get the page that says what is missing.
TABLE: dict[str, tuple[Row, ...]] = {
    "console:study": (Row("get", EVERYBODY),),
    "console:design": (Row("get", EVERYBODY),),
    "console:design_file": (Row("get", EVERYBODY),),
    "console:load_design": (Row("post", only(O, R), 422),),
    "console:preview": (Row("get", EVERYBODY, 302),),  # to the design: there is no draft
    "console:publish": (Row("post", only(O, R), 422),),
    "console:plans": (Row("get", EVERYBODY),),
    "console:people": (Row("get", EVERYBODY),),
    "console:panel_list": (Row("post", only(O, C)),),
    "console:enrol": (Row("get", only(O, R, C)), Row("post", only(O, R, C), 422)),
    "console:participant": (Row("get", EVERYBODY),),
    "console:contact": (Row("post", only(O, C)),),
    "console:withdraw": (Row("post", only(O, R, C), 422),),
    "console:move": (Row("post", only(O, R, C), 422),),
    "console:set_anchor": (Row("post", only(O, R, C), 422),),
    "console:pause": (Row("post", only(O, R, C), 422),),
    "console:resume": (Row("post", only(O, R, C), 302),),
    "console:set_time_of_day": (Row("post", only(O, R, C), 422),),
    "console:set_reminders": (Row("post", only(O, R, C), 422),),
    "console:correct_address": (Row("post", only(O, C), 422),),
    "console:lift_suppression": (Row("post", only(O, R, C), 422),),
    "console:resubscribe": (Row("post", only(O, R, C), 302),),
    "console:outbox": (Row("get", only(O, R, C, A)),),
    "console:message": (Row("get", only(O, R, C, A)),),
    "console:resend": (Row("post", only(O, R, C), 302),),  # back to the page: it says why not
    "console:resend_all": (Row("post", only(O, R, C), 422),),
    "console:mail": (Row("get", only(O, R, C, A)),),
    "console:activity": (Row("get", only(O, A)),),
    "console:alerts": (Row("get", only(O, R, C)),),
    "console:alert": (Row("get", only(O, R, C)),),
    "console:look_at_alert": (Row("post", only(O, R, C)),),
    "console:acknowledge": (Row("post", only(O, R, C), 302),),
    "console:note_on_alert": (Row("post", only(O, R, C), 422),),
    "console:drill": (Row("post", only(O, R, C), 422),),
    "analytics:exports": (Row("get", only(O, R, D)),),
    "analytics:ask": (Row("post", only(O, R, D), 422),),
    "analytics:export": (Row("get", only(O, R, D)),),
    "analytics:download": (Row("post", only(O, R, D), 302),),  # back to the page: not built yet
    "analytics:manifest": (Row("get", only(O, R, D)),),
}
ALERT = {"alert", "look_at_alert", "acknowledge", "note_on_alert"}
# Not inside one study: these have tests of their own below.
OUTSIDE = {"console:studies", "console:new_study"} | {
    "console:instruments",
    "console:instrument",
    "console:word_instrument",
    "console:sending",
    "console:hold",
    "console:release",
}


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """The names of all routes of the two apps, as the URLconf has them."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, f"{pattern.namespace}:" if pattern.namespace else prefix)
        elif isinstance(pattern, URLPattern) and prefix in {"console:", "analytics:"}:
            yield f"{prefix}{pattern.name}"


@pytest.fixture
def stage() -> Stage:
    stage = make_stage(safety=[CALM_RULE])
    make_alert(stage)
    stage.export.manifest = {"files": []}
    stage.export.save()
    return stage


def address(stage: Stage, name: str) -> str:
    """The address of a route for the things on the stage."""
    known = {
        "code": stage.study.code,
        "participant": stage.person.code,
        "message": stage.message.pk,
        "export": stage.export.pk,
        "alert": "A-TEST",
    }
    own = {"participant", "contact", "withdraw", "move", "set_anchor", "resubscribe"}
    own |= {"correct_address", "set_reminders", "lift_suppression"}
    own |= {"pause", "resume", "set_time_of_day"}
    short = name.partition(":")[2]
    needed = ["code"]
    needed += ["participant"] if short in own else []
    needed += ["message"] if short in {"message", "mail", "resend"} else []
    needed += ["alert"] if short in ALERT else []
    needed += ["export"] if short in {"export", "download", "manifest"} else []
    return reverse(name, kwargs={key: known[key] for key in needed})


def outside(name: str) -> str:
    """The address of a route that is not inside one study."""
    of_one = {"console:instrument", "console:word_instrument"}
    return reverse(name, args=["phq8", 1] if name in of_one else [])


def test_every_route_has_a_row() -> None:
    found = list(routes())
    assert len(found) > 15
    assert set(found) == set(TABLE) | OUTSIDE


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_what_the_table_says(stage: Stage, role: Role) -> None:
    client = client_of(make_staff(role, stage.study))
    seen = {
        (name, row.method): getattr(client, row.method)(address(stage, name)).status_code
        for name, rows in TABLE.items()
        for row in rows
    }
    wanted = {
        (name, row.method): row.status if role in row.may else 404
        for name, rows in TABLE.items()
        for row in rows
    }
    assert seen == wanted


def strangers(stage: Stage) -> Iterator[User]:
    """Staff who have nothing to do with this study, however mighty elsewhere."""
    yield make_staff(O, make_stage("other-year").study, email="other@study.example")
    yield make_staff(None, None)
    yield User.objects.create_superuser("root@study.example")


def test_the_study_does_not_exist_for_strangers(stage: Stage) -> None:
    for user in strangers(stage):
        client = client_of(user)
        for name, rows in TABLE.items():
            for row in rows:
                answer = getattr(client, row.method)(address(stage, name))
                assert answer.status_code == 404, (user, name, row.method)
                assert stage.study.code not in answer.content.decode()


def test_the_same_address_with_a_foreign_thing_is_not_found(stage: Stage) -> None:
    """An owner cannot reach another study's rows through their own study's addresses."""
    other = make_stage("other-year")
    client = client_of(make_staff(O, stage.study))
    mixed = Stage(stage.study, other.person, other.message, other.export)
    # Both studies have a person of this code, so theirs is told apart by another one.
    other.person.code = "BBBB-0002"
    other.person.save()
    for name, rows in TABLE.items():
        if address(mixed, name) == address(stage, name):
            continue
        for row in rows:
            assert getattr(client, row.method)(address(mixed, name)).status_code == 404, name


def test_anonymous_visitors_are_sent_to_the_login(stage: Stage, client: Client) -> None:
    before = fingerprint()
    names = [(name, row.method) for name, rows in TABLE.items() for row in rows]
    for name, method in [*names, ("console:studies", "get"), ("console:new_study", "post")]:
        path = outside(name) if name in OUTSIDE else address(stage, name)
        answer = getattr(client, method)(path)
        assert answer.status_code == 302, name
        back = path if method == "get" or name in OUTSIDE else stage.url()
        assert answer["Location"] == f"/console/account/login/?next={back}"
    assert fingerprint() == before


def test_somebody_who_was_locked_out_is_out_at_once(stage: Stage) -> None:
    user = make_staff(O, stage.study)
    client = client_of(user)
    assert client.get(stage.url()).status_code == 200
    user.is_active = False
    user.save()
    assert client.get(stage.url()).status_code == 302


def test_what_only_takes_a_post_refuses_a_get(stage: Stage) -> None:
    client = client_of(make_staff(O, stage.study))
    for name, rows in TABLE.items():
        if "get" not in {row.method for row in rows}:
            assert client.get(address(stage, name)).status_code == 405, name


def test_looking_changes_no_row(stage: Stage) -> None:
    owner = make_staff(O, stage.study)
    owner.is_staff = True
    owner.save()
    client = client_of(owner)
    before = fingerprint()
    paths = [address(stage, name) for name in TABLE] + [outside(name) for name in OUTSIDE]
    for path in paths:
        assert client.get(path).status_code in {200, 302, 405}, path
        assert client.head(path).status_code in {200, 302, 405}, path
    assert fingerprint() == before


def test_a_refused_post_changes_no_row_either(stage: Stage) -> None:
    client = client_of(make_staff(O, stage.study))
    before = fingerprint()
    for name, rows in TABLE.items():
        for row in rows:
            if row.method == "post" and row.status == 422:
                client.post(address(stage, name))
    assert fingerprint() == before


def test_the_fingerprint_would_notice(stage: Stage) -> None:
    """The control for the two tests above."""
    client = client_of(make_staff(O, stage.study))
    before = fingerprint()
    client.post(address(stage, "console:contact"))
    changed = {table for table, value in fingerprint().items() if before[table] != value}
    assert changed == {"surveys_event"}


def test_only_administrators_start_studies(stage: Stage) -> None:
    owner = make_staff(O, stage.study)
    client = client_of(owner)
    assert client.get("/console/new-study/").status_code == 403
    assert client.post("/console/new-study/").status_code == 403
    assert b"New study" not in client.get("/console/").content
    owner.is_staff = True
    owner.save()
    assert client.get("/console/new-study/").status_code == 200
    assert client.post("/console/new-study/").status_code == 422


@pytest.mark.parametrize("role", Role)
def test_the_menu_shows_what_the_role_can_open_and_nothing_else(stage: Stage, role: Role) -> None:
    client = client_of(make_staff(role, stage.study))
    menu = client.get(stage.url()).context["menu"]
    assert {entry.url for entry in menu} == {
        address(stage, name)
        for name in (
            "console:study",
            "console:design",
            "console:people",
            "console:outbox",
            "console:alerts",
            "analytics:exports",
            "console:activity",
        )
        if role in TABLE[name][0].may
    }
    assert all(client.get(entry.url).status_code == 200 for entry in menu)
