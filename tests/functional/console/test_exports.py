"""Exports over HTTP: asked for, waited for, taken home, and what can go wrong with each."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from analytics import actions, tasks
from analytics.formats.bundle import verify
from analytics.models import Export
from studyplatform.celery import app
from surveys.access.models import User
from surveys.access.roles import Role
from surveys.audit.models import Event
from surveys.lib import clock
from tests.functional.console.cast import Stage, client_of, make_staff, make_stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def stage() -> Stage:
    stage = make_stage()
    Export.objects.all().delete()
    return stage


@pytest.fixture
def manager(stage: Stage) -> Client:
    return client_of(make_staff(Role.DATA_MANAGER, stage.study))


def ask(client: Client, stage: Stage, *formats: str) -> Export:
    answer = client.post(stage.url("exports/new/"), {"formats": formats})
    assert answer.status_code == 302
    export = Export.objects.latest("requested_at")
    assert answer["Location"] == stage.url(f"exports/{export.pk}/")
    return export


def test_an_export_is_asked_for_built_and_taken_home(manager: Client, stage: Stage) -> None:
    assert "None yet." in manager.get(stage.url("exports/")).content.decode()
    export = ask(manager, stage, "csv", "parquet")
    assert export.requested_by == User.objects.get(email="data_manager@study.example")
    page = manager.get(stage.url(f"exports/{export.pk}/")).content.decode()
    assert "It waits for a worker." in page
    assert "Download" not in page

    tasks.build_export(str(export.pk))
    export.refresh_from_db()
    page = manager.get(stage.url(f"exports/{export.pk}/")).content.decode()
    assert "Download the bundle" in page
    assert export.sha256 in page
    assert "person_waves.parquet" in page
    listed = manager.get(stage.url("exports/")).content.decode()
    assert export.sha256[:12] in listed

    answer = manager.post(stage.url(f"exports/{export.pk}/download/"))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="calm-year-')
    taken = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a streamed answer
    assert len(taken) == export.n_bytes == int(answer["Content-Length"])
    names = zipfile.ZipFile(io.BytesIO(taken)).namelist()
    assert "calm-year/answers.csv" in names
    assert verify(actions.archive_of(export)) == []
    event = Event.objects.get(event="export.downloaded")
    assert (event.study, event.subject) == (stage.study.code, str(export.pk))
    assert event.actor == User.objects.get(email="data_manager@study.example").code

    manifest = json.loads(manager.get(stage.url(f"exports/{export.pk}/manifest/")).content)
    assert manifest == export.manifest


def test_pages_stop_asking_when_nothing_is_under_way(manager: Client, stage: Stage) -> None:
    export = ask(manager, stage, "csv")
    one, many = stage.url(f"exports/{export.pk}/"), stage.url("exports/")
    for path in (one, many):
        page = manager.get(path).content.decode()
        assert 'hx-trigger="every 2s"' in page
        assert "seen=queued" in page
        assert '"allowEval": false' in page
        assert "htmx.min.js" in page
        assert manager.get(path, {"seen": "queued"}).status_code == 204, "nothing new"
    tasks.build_export(str(export.pk))
    for path in (one, many):
        answer = manager.get(path, {"seen": "queued"})
        assert answer.status_code == 200
        assert "hx-" not in answer.content.decode()
        assert "htmx" not in answer.content.decode()


@pytest.mark.parametrize(
    ("formats", "said"),
    [([], "Choose at least one format"), (["csv", "stone"], "No such format: stone")],
)
def test_formats_that_do_not_exist_are_refused(
    manager: Client, stage: Stage, formats: list[str], said: str
) -> None:
    page = manager.post(stage.url("exports/new/"), {"formats": formats})
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not Export.objects.exists()


def test_a_broker_that_is_away_leaves_the_export_in_the_queue(
    manager: Client,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")  # nobody listens there
    with django_capture_on_commit_callbacks(execute=True) as rung:
        export = ask(manager, stage, "csv")
    assert len(rung) == 1
    assert "no broker to ring" in caplog.text
    assert export.state == Export.State.QUEUED
    tasks.build_export(str(export.pk))
    export.refresh_from_db()
    assert export.state == Export.State.READY


def test_a_failed_export_says_why_and_what_to_do(
    manager: Client, stage: Stage, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.EXPORT_DIR = tmp_path / "file"
    export = ask(manager, stage, "csv")
    tasks.build_export(str(export.pk))
    page = manager.get(stage.url(f"exports/{export.pk}/")).content.decode()
    assert "The files could not be written" in page
    assert "Nothing is lost" in page
    assert "Download" not in page
    assert manager.get(stage.url(f"exports/{export.pk}/manifest/")).status_code == 404


def test_a_bundle_that_was_cleared_away_is_not_offered(manager: Client, stage: Stage) -> None:
    export = ask(manager, stage, "csv")
    tasks.build_export(str(export.pk))
    export.refresh_from_db()
    actions.archive_of(export).unlink()
    path = stage.url(f"exports/{export.pk}/")
    assert "has been removed from the server" in manager.get(path).content.decode()
    answer = manager.post(f"{path}download/", follow=True)
    assert "The file is not there." in answer.content.decode()
    assert not Event.objects.filter(event="export.downloaded").exists()


def test_an_export_of_nothing_is_not_found(manager: Client, stage: Stage) -> None:
    for rest in ("", "manifest/"):
        assert manager.get(stage.url(f"exports/{uuid4()}/{rest}")).status_code == 404


def test_a_long_list_has_pages(manager: Client, stage: Stage) -> None:
    now = clock.now()
    rows = [Export(study=stage.study, formats=["csv"], requested_at=now) for _ in range(30)]
    Export.objects.bulk_create(rows)
    page = manager.get(stage.url("exports/"), {"page": "2"})
    assert len(page.context["page"]) == 5
    assert "?page=2&amp;seen=queued-queued" in page.content.decode()
