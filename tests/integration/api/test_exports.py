"""Exports through the API: ask, wait, fetch."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu.exceptions import OperationalError
from pytest_django import Settings
from rest_framework.test import APIClient

from analytics import actions, tasks
from analytics.models import Export
from surveys import pipeline
from surveys.access.roles import Role
from surveys.audit.models import Event
from tests.integration.api.callers import client, user
from tests.integration.participants.studies import BY, NOW, entry, published
from tests.world import make_instrument

pytestmark = pytest.mark.django_db
PATH = "/api/v1/studies/calm/exports/"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> list[str]:
    """Which exports the worker was rung for; the tests build them themselves."""
    heard: list[str] = []
    monkeypatch.setattr(tasks.build_export, "apply_async", lambda ids, **_: heard.extend(ids))
    settings.EXPORT_DIR = tmp_path
    return heard


@pytest.fixture
def program() -> APIClient:
    """The owner's program; two people are enrolled."""
    study = published()
    make_instrument("mood")
    entries = [entry(n, name="Ana Lima") for n in range(2)]
    pipeline.enrol(study=study, entries=entries, source="csv", by=BY, now=NOW)
    return client(user(study, email="owner@example.net"))


def _ask(program: APIClient, body: Any = None) -> Any:
    answer = program.post(PATH, body or {"formats": ["csv"]}, format="json")
    assert answer.status_code == 202, answer.content
    return answer.json()


def test_a_bundle_is_asked_for_built_and_fetched(program: APIClient, rung: list[str]) -> None:
    asked = _ask(program)
    assert (asked["state"], asked["formats"], rung) == ("queued", ["csv"], [asked["id"]])
    url = f"{PATH}{asked['id']}/"
    waiting = program.get(f"{url}file/")
    assert (waiting.status_code, waiting.json()["detail"]) == (409, "The export is queued.")
    export = actions.build(export_id=Export.objects.get().pk, now=NOW)
    assert export.problem == ""
    shown = program.get(url).json()
    assert (shown["state"], shown["sha256"]) == ("ready", export.sha256)
    answer = program.get(f"{url}file/", HTTP_ACCEPT="application/zip")
    data = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # it is a file
    assert (answer["Content-Type"], hashlib.sha256(data).hexdigest()) == (
        "application/zip",
        export.sha256,
    )
    assert "calm-" in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        content = b"".join(bundle.read(name) for name in bundle.namelist())
    assert b"baseline" in content
    assert b"Lima" not in content
    assert b"person0" not in content
    assert Event.objects.get(event="export.downloaded").data == {"sha256": export.sha256}


def test_without_the_broker_the_export_waits_for_the_beat(
    program: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.build_export, "apply_async", broken)
    asked = _ask(program)
    assert [str(pk) for pk in actions.waiting()] == [asked["id"]]


def test_files_that_are_gone_are_named(program: APIClient) -> None:
    asked = _ask(program)
    export = actions.build(export_id=Export.objects.get().pk, now=NOW)
    actions.archive_of(export).unlink()
    answer = program.get(f"{PATH}{asked['id']}/file/")
    assert (answer.status_code, "no longer kept" in answer.json()["detail"]) == (404, True)
    assert not Event.objects.filter(event="export.downloaded").exists()


@pytest.mark.parametrize("formats", [None, [], ["papyrus"], "csv", [1], ["csv\0"]])
def test_unknown_formats_are_refused(program: APIClient, formats: Any) -> None:
    answer = program.post(PATH, {"formats": formats}, format="json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["field"].startswith("formats")
    assert not Export.objects.exists()


ALLOWED = {Role.OWNER, Role.RESEARCHER, Role.DATA_MANAGER}


@pytest.mark.parametrize("caller", [*Role, "owner elsewhere", "stranger"])
def test_who_may_export(caller: str) -> None:
    study, elsewhere = published(), published("elsewhere")
    export = actions.request_export(study=study, formats=["csv"], by=BY, now=NOW)
    somebody = None
    if caller in set(Role):
        somebody = user(study, Role(caller))
    elif caller == "owner elsewhere":
        somebody = user(elsewhere)
    program, allowed = client(somebody), caller in ALLOWED
    no = 401 if caller == "stranger" else 404
    assert program.get(PATH).status_code == (200 if allowed else no)
    assert program.get(f"{PATH}{export.pk}/").status_code == (200 if allowed else no)
    assert program.get(f"{PATH}{export.pk}/file/").status_code == (409 if allowed else no)
    answer = program.post(PATH, {"formats": ["csv"]}, format="json")
    assert answer.status_code == (202 if allowed else no)


def test_exports_of_other_studies_are_not_there(program: APIClient) -> None:
    other = actions.request_export(study=published("other"), formats=["csv"], by=BY, now=NOW)
    assert program.get(PATH).json()["results"] == []
    for export in (other.pk, uuid4()):
        assert program.get(f"{PATH}{export}/").status_code == 404
        assert program.get(f"{PATH}{export}/file/").status_code == 404
