"""A study file in the browser: loaded, refused with line and column, published with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from surveys.access.models import Membership, User
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.design.models import ProtocolVersion, Study
from tests.functional.console.cast import (
    Stage,
    client_of,
    fingerprint,
    make_staff,
    make_stage,
    study_file,
    uploaded,
)
from tests.world import make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def researcher(stage: Stage) -> Client:
    return client_of(make_staff(Role.RESEARCHER, stage.study))


@pytest.fixture
def administrator() -> Client:
    return client_of(User.objects.create_superuser("root@study.example", name="Root"))


def load(client: Client, stage: Stage, data: bytes) -> Any:
    return client.post(stage.url("design/load/"), uploaded("my study.yaml", data))


def publish(client: Client, stage: Stage, reason: str, draft: str | None = None) -> Any:
    read = client.get(stage.url("design/")).context["read"] if draft is None else draft
    return client.post(stage.url("design/publish/"), {"reason": reason, "read": read})


def test_what_is_wrong_is_said_with_line_and_column(researcher: Client, stage: Stage) -> None:
    before = fingerprint()
    bad = study_file(stage.study, **{"P14D": "P14X"}) + b"moon: full\n"
    page = load(researcher, stage, bad)
    assert page.status_code == 422
    text = page.content.decode()
    assert "Nothing was changed" in text
    line = bad.decode().split("P14X")[0].count("\n") + 1
    assert f"my study.yaml:{line}:" in text
    assert "P14X" in text
    assert "moon" in text
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "study.yaml"),
        (b"\xff\xfe\x00", "study.yaml"),
        (b"study: [", "study.yaml:1:"),
        (b"study: a\0b", "study.yaml:1:"),
        (b"a: &a [*a]", "study.yaml"),
        (b"x" * 2_000_000, "study.yaml"),
    ],
    ids=["empty", "not text", "not yaml", "nul", "loops", "too large"],
)
def test_what_is_no_study_file_is_refused_in_words(
    researcher: Client, stage: Stage, data: bytes, said: str
) -> None:
    page = load(researcher, stage, data)
    assert page.status_code == 422
    assert said in page.content.decode()


def test_a_form_without_a_file_says_so(researcher: Client, stage: Stage) -> None:
    page = researcher.post(stage.url("design/load/"))
    assert page.status_code == 422
    assert "No file was chosen" in page.content.decode()


def test_a_file_cannot_name_files_of_the_server(researcher: Client, stage: Stage) -> None:
    for name in ("invitation.en.md", "../../../../etc/passwd.md", "/etc/passwd.md"):
        data = study_file(stage.study, **{"I take part.": name})
        page = load(researcher, stage, data)
        assert page.status_code == 422
        assert "root:" not in page.content.decode()


def test_the_file_of_another_study_is_refused(researcher: Client, stage: Stage) -> None:
    data = study_file(stage.study, **{"study: calm-year": "study: other-year"})
    page = load(researcher, stage, data)
    assert (page.status_code, Study.objects.count()) == (422, 1)
    assert "for &#x27;other-year&#x27;, not for &#x27;calm-year&#x27;" in page.content.decode()


def test_a_draft_is_read_then_published_with_a_reason(researcher: Client, stage: Stage) -> None:
    assert load(researcher, stage, study_file(stage.study, P14D="P21D")).status_code == 302
    page = researcher.get(stage.url("design/")).content.decode()
    assert "version 1 is still in force" in page
    assert "waves[baseline].window.start_within: P14D -&gt; P21D" in page
    assert "draft is not published yet" in researcher.get(stage.url()).content.decode()

    refused = publish(researcher, stage, "  ")
    assert refused.status_code == 422
    assert "needs a reason" in refused.content.decode()

    assert publish(researcher, stage, "People were on holiday").status_code == 302
    version = ProtocolVersion.objects.get(version=2)
    assert version.published_by == User.objects.get(email="researcher@study.example")
    page = researcher.get(stage.url("design/")).content.decode()
    assert "People were on holiday" in page
    assert "The researcher" in page
    event = Event.objects.get(event="protocol.published")
    assert event.reason == "People were on holiday"
    assert publish(researcher, stage, "again").status_code == 422
    assert ProtocolVersion.objects.count() == 2


def test_only_the_draft_that_was_read_is_published(researcher: Client, stage: Stage) -> None:
    load(researcher, stage, study_file(stage.study, P14D="P21D"))
    read = researcher.get(stage.url("design/")).context["read"]
    load(researcher, stage, study_file(stage.study, P14D="P30D"))
    page = publish(researcher, stage, "for the summer", draft=read)
    assert page.status_code == 422
    text = page.content.decode()
    assert "replaced or published in the meantime" in text
    assert "for the summer" in text, "what was typed is kept"
    assert ProtocolVersion.objects.count() == 1


def test_the_downloaded_file_loads_again_as_the_same(researcher: Client, stage: Stage) -> None:
    answer = researcher.get(stage.url("design/file/"))
    assert answer["Content-Disposition"] == 'attachment; filename="calm-year-v1.yaml"'
    assert load(researcher, stage, answer.content).status_code == 302
    page = researcher.get(stage.url("design/"))
    assert page.context["is_draft_new"] is False


def test_a_new_study_belongs_to_whoever_loaded_it(administrator: Client) -> None:
    data = study_file(make_study("made-before"), **{"study: made-before": "study: my-year"})
    answer = administrator.post("/console/new-study/", uploaded("my study.yaml", data))
    assert answer["Location"] == "/console/studies/my-year/design/"
    membership = Membership.objects.get(study__code="my-year")
    assert (membership.user.email, membership.role) == ("root@study.example", Role.OWNER)
    draft = administrator.get("/console/studies/my-year/").content.decode()
    assert "read the design and publish it" in draft
    for page in ("people/", "outbox/", "activity/", "exports/", "design/", "design/file/"):
        assert administrator.get(f"/console/studies/my-year/{page}").status_code == 200, page
    assert "Publish the study" in administrator.get(answer["Location"]).content.decode()
    enrol = administrator.get("/console/studies/my-year/enrol/", follow=True)
    assert "Publish the study before you enrol people." in enrol.content.decode()
    read = administrator.get(answer["Location"]).context["read"]
    administrator.post("/console/studies/my-year/design/publish/", {"read": read})
    assert "Next: enrol people" in administrator.get("/console/studies/my-year/").content.decode()


def test_nobody_comes_to_own_a_study_by_loading_its_code(
    administrator: Client, stage: Stage
) -> None:
    before = fingerprint()
    page = administrator.post(
        "/console/new-study/", uploaded("my study.yaml", study_file(stage.study))
    )
    assert page.status_code == 422
    assert "is taken" in page.content.decode()
    assert fingerprint() == before


def test_a_refused_new_study_leaves_nothing_behind(administrator: Client) -> None:
    before = fingerprint()
    assert (
        administrator.post(
            "/console/new-study/", uploaded("my study.yaml", b"study: x")
        ).status_code
        == 422
    )
    assert fingerprint() == before
