"""Requesting, building, failing, and finding what a lost builder left."""

from __future__ import annotations

import zipfile
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from analytics import actions, reports, tasks
from analytics.formats import UnknownFormat, bundle
from analytics.models import Export
from analytics.source import snapshots
from analytics.source.rows import load
from analytics.tidy.make import ALL
from surveys.audit.actors import Actor
from surveys.audit.models import Event
from surveys.design.models import Study
from surveys.lib.models import Heartbeat
from tests.integration.analytics.study import begun, make_varied_study, populate, submit
from tests.world import NOW, make_participant

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def study() -> Study:
    made = make_varied_study()
    populate(made)
    return made


def request(study: Study, *formats: str) -> Export:
    return actions.request_export(study=study, formats=formats or ("csv",), by=BY, now=NOW)


def test_a_request_is_queued_and_recorded(study: Study) -> None:
    export = request(study, "parquet", "csv")
    assert (export.state, export.formats) == ("queued", ["csv", "parquet"])
    event = Event.objects.get(event="export.requested")
    assert (event.subject, event.study, event.data) == (
        str(export.pk), study.code, {"formats": ["csv", "parquet"]},
    )  # fmt: skip


def test_unknown_formats_are_refused_and_nothing_is_queued(study: Study) -> None:
    with pytest.raises(UnknownFormat, match="xls"):
        request(study, "xls")
    assert not Export.objects.exists()
    assert not Event.objects.exists()


def test_building_leaves_a_whole_bundle_and_its_archive(study: Study, export_dir: Path) -> None:
    export = actions.build(export_id=request(study).pk, now=NOW)
    assert (export.state, export.problem, export.ended_at) == ("ready", "", NOW)
    folder, archive = actions.folder_of(export), actions.archive_of(export)
    assert folder == export_dir / study.code / str(export.pk)
    assert bundle.verify(folder) == bundle.verify(archive) == []
    assert bundle.sha256(archive) == export.sha256
    assert archive.stat().st_size == export.n_bytes
    assert zipfile.ZipFile(archive).namelist()[0].startswith(f"{study.code}/")
    assert {p.name for p in folder.parent.iterdir()} == {folder.name, archive.name}
    assert Event.objects.get(event="export.built").data["sha256"] == export.sha256
    stored = Export.objects.get(pk=export.pk)
    assert stored.manifest["files"] == export.manifest["files"]


def test_two_exports_of_the_same_rows_are_the_same_archive(study: Study) -> None:
    one, two = (actions.build(export_id=request(study, "csv", "parquet").pk, now=NOW) for _ in "ab")
    assert one.pk != two.pk
    assert one.sha256 == two.sha256


def test_building_twice_changes_nothing(study: Study) -> None:
    export = actions.build(export_id=request(study).pk, now=NOW)
    archive = actions.archive_of(export)
    before = archive.stat().st_mtime_ns
    again = actions.build(export_id=export.pk, now=NOW.replace(year=2030))
    assert again.ended_at == NOW
    assert archive.stat().st_mtime_ns == before
    assert Event.objects.filter(event="export.built").count() == 1


def test_a_builder_that_died_is_replaced(study: Study, export_dir: Path) -> None:
    export = request(study)
    Export.objects.filter(pk=export.pk).update(state="running")
    unfinished = export_dir / study.code / f".{export.pk}"
    unfinished.mkdir(parents=True)
    (unfinished / "answers.csv").write_text("half")
    tasks.build_export(str(export.pk))
    export.refresh_from_db()
    assert export.state == "ready"
    assert not unfinished.exists()
    assert bundle.verify(actions.folder_of(export)) == []


def test_an_export_that_ends_every_builder_is_given_up_in_words(
    study: Study, monkeypatch: Any
) -> None:
    class Killed(BaseException):
        """As when the machine has no memory left: no `except` of ours sees it."""

    def die(*_: Any) -> None:
        raise Killed

    export = request(study)
    with monkeypatch.context() as patched:
        patched.setattr(actions, "_build", die)
        for _ in range(actions.MAX_ATTEMPTS):
            with pytest.raises(Killed):
                actions.build(export_id=export.pk, now=NOW)
            assert actions.waiting() == [export.pk]
    given_up = actions.build(export_id=export.pk, now=NOW)
    assert given_up.state == "failed"
    assert given_up.problem == "3 attempts ended before the bundle was whole."
    assert actions.waiting() == []
    assert Event.objects.filter(event="export.failed").count() == 1


def test_a_builder_at_work_is_left_alone(study: Study) -> None:
    export = request(study)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"export:{export.pk}"])
        assert actions.build(export_id=export.pk, now=NOW).state == "queued"
        cursor.execute("SELECT pg_advisory_unlock_all()")
    other.close()
    assert actions.build(export_id=export.pk, now=NOW).state == "ready"


def test_a_full_disk_fails_in_plain_words_and_leaves_nothing(
    study: Study, export_dir: Path, monkeypatch: Any
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "write_json", full)
    export = actions.build(export_id=request(study).pk, now=NOW)
    assert export.state == "failed"
    assert export.problem == "The files could not be written: No space left on device."
    assert list((export_dir / study.code).iterdir()) == []
    assert Event.objects.get(event="export.failed").data == {"problem": export.problem}


def test_stored_data_that_contradict_themselves_are_named(study: Study) -> None:
    submit(
        begun(make_participant(study, "BAD"), "m3", "completed"), "calm", {"calm1": 7, "calm2": 1}
    )
    export = actions.build(export_id=request(study).pk, now=NOW)
    assert export.state == "failed"
    assert "'calm1': 7.0 is not one of 0, 1, 2" in export.problem


@pytest.mark.django_db(transaction=True)
def test_a_bundle_is_built_from_one_read_only_snapshot(monkeypatch: Any) -> None:
    study = make_varied_study()
    populate(study)
    seen: list[str] = []

    def spied(raw: Any, *rest: Any) -> Any:
        seen.append(raw.execute("SHOW transaction_isolation").fetchone()[0])
        seen.append(raw.execute("SHOW transaction_read_only").fetchone()[0])
        return load(raw, *rest)

    monkeypatch.setattr(snapshots, "load", spied)
    assert actions.build(export_id=request(study).pk, now=NOW).state == "ready"
    assert seen == ["repeatable read", "on"]


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_there_is_no_snapshot_to_be_had() -> None:
    study = make_varied_study()
    with transaction.atomic():
        Study.objects.count()  # the reader's isolation can no longer be chosen
        with pytest.raises(RuntimeError, match="durable"), snapshots.snapshot(study, only=ALL):
            pass


def test_the_beat_rings_for_each_export_that_waits_and_builds_none_itself(
    study: Study, monkeypatch: Any
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(tasks.build_export, "apply_async", lambda ids, **_: rung.extend(ids))
    one, two, three = (request(study, "parquet") for _ in range(3))
    tasks.build_export(str(one.pk))
    tasks.build_queued()
    assert rung == [str(two.pk), str(three.pk)]
    assert actions.waiting() == [two.pk, three.pk]


def test_without_the_broker_exports_wait_for_the_next_tick(study: Study, monkeypatch: Any) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(tasks.build_export, "apply_async", away)
    export = request(study)
    tasks.build_queued()
    assert actions.waiting() == [export.pk]
    assert Heartbeat.objects.filter(job="build_queued").exists()


def test_the_command_exports_and_verify_agrees(study: Study, tmp_path: Path) -> None:
    said = StringIO()
    call_command("export", study.code, "--formats", "csv", "-o", tmp_path / "mine", stdout=said)
    assert f"bundle: {tmp_path / 'mine'}" in said.getvalue()
    call_command("verify", tmp_path / "mine", stdout=said)
    assert "every file is as it was exported" in said.getvalue()
    (tmp_path / "mine" / "wide.csv").write_text("")
    with pytest.raises(CommandError, match=r"wide\.csv: changed"):
        call_command("verify", tmp_path / "mine")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no study 'nothing'"),
        (["calm-year", "--formats", "xls"], "no such format: xls"),
        (["calm-year", "-o", "."], "exists already"),
    ],
)
def test_the_command_refuses_in_words(study: Study, arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("export", *arguments)


def test_verify_refuses_what_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no bundle"):
        call_command("verify", tmp_path)


def test_an_unknown_export_is_an_error() -> None:
    with pytest.raises(Export.DoesNotExist):
        actions.build(export_id=uuid4(), now=NOW)


def test_the_summary_counts_people_mails_waves_reasons_and_files(study: Study) -> None:
    export = actions.build(export_id=request(study, "csv", "parquet").pk, now=NOW)
    said = reports.summary(actions.folder_of(export))
    assert "4 enrolled (no arm 4), 1 withdrew" in said
    assert "invitation: failed 1, missed 1, sent 2" in said
    assert "Answers     8 of 36 planned cells" in said
    lines = {line.split()[0]: line.split()[1:] for line in said.splitlines()}
    assert lines["baseline"] == ["4", "2", "1", "50%", "75%"]
    assert lines["undeliverable"] == ["6"]
    assert "answers.parquet" in lines
