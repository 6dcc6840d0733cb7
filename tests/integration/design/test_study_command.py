"""manage.py study: what researchers see, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import ManagementUtility, call_command
from django.core.management.base import CommandError

from surveys.audit.actors import Actor
from surveys.design import actions
from surveys.design.library import shipped_study
from surveys.design.models import ProtocolVersion, Study
from surveys.design.protocol import Protocol
from surveys.design.studyfile import read, write
from surveys.instruments.models import InstrumentVersion
from surveys.lib import clock
from surveys.scheduling.actions import replan
from tests.world import make_participant, make_study, protocol_document, wave_document

pytestmark = pytest.mark.django_db

SHIPPED = str(shipped_study())
CODE = "attachment-compassion"


def study(*arguments: str) -> str:
    """What the command writes; a refusal raises CommandError with the problems before it."""
    out, err = StringIO(), StringIO()
    try:
        call_command("study", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        raise CommandError(f"{err.getvalue()}{error}", returncode=error.returncode) from error
    return out.getvalue()


def shipped_text() -> str:
    return write(read(shipped_study()).protocol)


def test_the_whole_way_from_a_file_to_two_versions_and_back(tmp_path: Path) -> None:
    assert "fine (6 waves, up to 19 occasions a person, en, de)" in study("check", SHIPPED)
    loaded = study("load", SHIPPED, "--seed", "7")
    assert loaded.startswith("added the shipped instruments attachment-orientation@1, ")
    assert f"loaded the draft of '{CODE}'" in loaded
    assert study("list").split() == [CODE, "draft"]
    assert f"published '{CODE}' version 1" in study("publish", CODE)
    assert study("diff", CODE) == "0 changes since version 1\n"

    exported = tmp_path / "study.yaml"
    assert study("export", CODE, "-o", str(exported)) == f"wrote {exported}\n"
    assert read(exported).protocol == read(shipped_study()).protocol
    exported.write_text(exported.read_text().replace("[P3D, P7D, P12D]", "[P3D, P7D]"))
    assert study("diff", str(exported)) == (
        "waves[baseline].reminders: [P3D, P7D, P12D] -> [P3D, P7D]\n1 change since version 1\n"
    )
    assert study("load", str(exported)).startswith("loaded the draft")
    assert "version 2" in study("publish", CODE, "--reason", "Too many reminders")
    assert study("list").split() == [CODE, "version", "2"]
    assert "P12D]" in study("export", CODE, "--version", "1")
    assert "P12D]" not in study("export", CODE)


def test_loading_twice_changes_nothing() -> None:
    study("load", SHIPPED)
    before = (Study.objects.get().seed, InstrumentVersion.objects.count())
    again = study("load", SHIPPED)
    assert "added" not in again
    assert (Study.objects.get().seed, InstrumentVersion.objects.count()) == before


def test_a_file_with_problems_loads_nothing_at_all(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(shipped_text().replace("state-check@1", "state-check@9"), encoding="utf-8")
    with pytest.raises(CommandError) as caught:
        study("load", str(path))
    first, *_, last = str(caught.value).splitlines()
    assert first.startswith(f"{path}:")
    assert " waves[1].instruments[0]: there is no instrument 'state-check@9'; known are " in first
    assert last == f"{path}: 1 problem"
    assert caught.value.returncode == 1
    assert not Study.objects.exists()
    assert not InstrumentVersion.objects.exists()


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(CommandError, match=r"^/nowhere/study\.yaml: No such file or directory$"):
        study("check", "/nowhere/study.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("publish", "nothing"), "there is no study 'nothing'; known are attachment-compassion"),
        (("export", CODE, "--version", "3"), "has no version 3"),
        (("load", SHIPPED, "--seed", "other"), "has another seed already"),
        (("diff", "nothing"), "there is no study 'nothing'"),
    ],
)
def test_what_is_asked_for_does_not_exist(arguments: tuple[str, ...], message: str) -> None:
    study("load", SHIPPED, "--seed", "7")
    with pytest.raises(CommandError, match=message):
        study(*arguments)


def test_an_unpublished_study_is_exported_from_its_draft_and_has_nothing_to_differ_from() -> None:
    study("load", SHIPPED)
    assert study("export", CODE).startswith(f"study: {CODE}\n")
    assert "is not published yet" in study("diff", CODE)


def test_publishing_says_what_the_draft_lacks() -> None:
    study("load", SHIPPED)
    draft = Study.objects.get().draft or {}
    Study.objects.update(draft=draft | {"title": {"en": "Only English"}})
    with pytest.raises(CommandError, match="title: lacks the language 'de'\n1 problem"):
        study("publish", CODE)
    assert not ProtocolVersion.objects.exists()


def test_the_schemas_are_written_or_shown(tmp_path: Path) -> None:
    study("schema", "-o", str(tmp_path / "schema"))
    written = {path.name: path.read_text() for path in (tmp_path / "schema").iterdir()}
    assert set(written) == {"study-v1.json", "instrument-v1.json"}
    assert study("schema") == written["study-v1.json"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["check", SHIPPED], 0), (["check", "/nowhere"], 1), (["frobnicate"], 2), ([], 2)],
)
def test_how_the_command_ends(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        ManagementUtility(["manage.py", "study", "--skip-checks", *arguments]).execute()
        ended: int | str | None = 0
    except SystemExit as exit_:
        ended = exit_.code
    assert ended == code
    assert bool(capsys.readouterr().err) == bool(code)


def test_a_preview_counts_and_names_before_anything_changes() -> None:
    made, now = make_study(), clock.now()
    person = make_participant(made, "P1", enrolled_at=now - timedelta(days=1))
    replan([person], by=Actor.system("test"), now=now)
    with pytest.raises(CommandError, match="no draft that differs"):
        study("preview", made.code)
    document = protocol_document(waves=[wave_document("baseline", "P0D")])
    actions.load(protocol=Protocol.model_validate(document), by=Actor.system("test"), now=now)
    said = study("preview", made.code)
    assert "waves[m3]: removed" in said
    assert f"{'in all':<24} 1 cancelled, 1 kept\n" in said
    assert "1 of 1 who take part get another plan" in said
    assert "P1" not in said.split()
    assert study("preview", made.code, "--people").endswith(
        f"{'P1':<24} 1 cancelled, 1 kept (m3)\n"
    )
    assert made.protocols.count() == 1
