"""`manage.py enrol`: a file from the command line."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from surveys.design.models import Study
from surveys.participants import actions
from surveys.participants.identity import actions as identity
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from tests.integration.participants.studies import BY, NOW, published

pytestmark = pytest.mark.django_db
HEADER = "email,language,timezone,consent_version,consented_at,site,code\n"
ANA = "ana@example.org,en,Europe/Berlin,2,2026-02-01,north,A-1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    published()
    path = tmp_path / "people.csv"
    path.write_text(HEADER + ANA)
    return path


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("enrol", *arguments)
    return capsys.readouterr().out.strip()


def test_a_file_is_enrolled_and_planned_and_can_run_again(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _said(capsys, "calm", str(file)) == "calm: enrolled 1, already enrolled 0"
    assert Occasion.objects.filter(participant__code="A-1").count() == 1
    assert _said(capsys, "calm", str(file)) == "calm: enrolled 0, already enrolled 1"


def test_check_enrols_nobody(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _said(capsys, "calm", str(file), "--check")
    assert said == "people.csv: 1 people, nothing to complain about"
    assert not Participant.objects.exists()


def test_problems_are_listed_and_nobody_is_enrolled(file: Path) -> None:
    file.write_text(HEADER + ANA + ANA.replace("Europe/Berlin", "Berlin"))
    with pytest.raises(CommandError) as caught:
        call_command("enrol", "calm", str(file))
    lines = str(caught.value).splitlines()
    assert lines[0] == "people.csv: nobody was enrolled"
    assert lines[1].startswith("  row 3, column timezone: 'Berlin'")
    assert not Participant.objects.exists()


def test_a_long_list_of_problems_is_cut(file: Path) -> None:
    file.write_text(HEADER + ANA.replace("en", "xx") * 60)
    with pytest.raises(CommandError, match=r"and 10 more$"):
        call_command("enrol", "calm", str(file))


@pytest.mark.parametrize(
    ("study", "name", "says"),
    [
        ("unknown", "people.csv", "there is no study 'unknown'"),
        ("calm", "other.csv", "No such file"),
        ("draft", "people.csv", "not published"),
    ],
)
def test_what_is_not_there_is_named(file: Path, study: str, name: str, says: str) -> None:
    Study.objects.create(code="draft", title={"en": "x"}, seed="s", created_at=NOW)
    with pytest.raises(CommandError, match=says):
        call_command("enrol", study, str(file.parent / name))


def test_keys_are_rotated_from_the_command_line(
    file: Path, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    call_command("enrol", "calm", str(file))
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = "new:" + base64.b64encode(b"n" * 32).decode()
    with pytest.raises(CommandError, match="no key with the id"):
        call_command("rotate_keys")
    settings.FIELD_KEYS += "," + old
    capsys.readouterr()
    call_command("rotate_keys")
    said = capsys.readouterr().out
    assert said.startswith("1 people and 0 second factors encrypted anew")
    assert "take them out of FIELD_KEYS" in said


def test_somebody_who_was_forgotten_is_left_out_and_needs_the_older_key(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("enrol", "calm", str(file))
    actions.withdraw(
        participant=Participant.objects.get(), scope="erase_contact", reason="", by=BY, now=NOW
    )
    capsys.readouterr()
    assert _said(capsys, "calm", str(file)) == (
        "calm: enrolled 0, already enrolled 0, left out 1 who asked to be forgotten"
    )
    call_command("rotate_keys")
    assert "Keep the older keys in FIELD_KEYS" in capsys.readouterr().out


def test_rotation_fails_while_somebody_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "count_under_old_keys", lambda: 3)
    with pytest.raises(CommandError, match="3 people and 0 second factors are still under"):
        call_command("rotate_keys")
