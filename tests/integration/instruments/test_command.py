"""manage.py instrument: what a researcher sees on the terminal."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from surveys.audit.models import Event
from surveys.instruments import files
from surveys.instruments.library import entries, published, shipped
from surveys.instruments.models import InstrumentVersion
from surveys.lib.documents import content_hash
from tests.sheets import sheet

GOOD = next(e for e in entries() if e.name == "state-check.yaml").read_text(encoding="utf-8")


def run(*arguments: str | Path) -> str:
    out = StringIO()
    call_command("instrument", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def refused(*arguments: str | Path) -> tuple[str, str]:
    """What is printed, and the closing sentence of a run that ends with 1."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("instrument", *map(str, arguments), stdout=out, stderr=out)
    assert caught.value.returncode == 1
    return out.getvalue(), str(caught.value)


def test_check_without_a_name_checks_all_that_ship() -> None:
    lines = run("check").splitlines()
    assert len(lines) == len(shipped()) + len(published())
    assert "phq8@1  8 items, 1 scale, no wording, key verified: 4 worked examples hold" in lines
    assert "self-response@1  12 items, 9 scales, en de: 4 worked examples hold" in lines


def test_check_reads_files_and_gives_advice(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD[: GOOD.index("examples:")], encoding="utf-8")
    out = run("check", path, "mood-worry")
    assert "state-check@1  3 items, 4 scales, en de: no worked example" in out
    assert "advice: no worked example gives a score on 'state'" in out
    assert "mood-worry@1" in out


def test_check_names_every_wrong_file_with_its_lines(tmp_path: Path) -> None:
    for name, old, new in [
        ("a.yaml", "sc_02: 3, sc_03: 1}", "sc_02: 3, sc_03: 2}"),
        ("b.yaml", "kind: single", "kind: dial"),
    ]:
        (tmp_path / name).write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    (tmp_path / "c.yaml").write_bytes(b"instrument: \xff")
    out, closing = refused("check", *(tmp_path / f"{n}.yaml" for n in "abc"), "demographics")
    line = GOOD[: GOOD.index("kind: single")].count("\n") + 1
    assert closing == "3 of 4 with problems"
    assert "examples[0].scores.state: says 4, the key and rule give 3.666666667" in out
    assert f"b.yaml:{line}:11 items[0].kind: expected 'single', 'multiple', " in out
    assert "c.yaml:1:13 byte 0xff is not UTF-8" in out
    assert "demographics@1  5 items, 0 scales, en de: nothing to score" in out


@pytest.mark.django_db
def test_check_of_a_name_that_nobody_knows(tmp_path: Path) -> None:
    assert "there is no instrument 'nothing'" in refused("check", "nothing")[1]
    assert "No such file" in refused("check", tmp_path / "none.yaml")[1]


@pytest.mark.django_db
def test_shipped_instruments_are_added_listed_and_exported(tmp_path: Path) -> None:
    assert "add --shipped" in run("list")
    assert run("add", "--shipped").splitlines() == [f"{one.ref} added" for one in shipped()]
    assert "demographics@1 is there already" in run("add", "--shipped")
    assert (
        "attachment-orientation@1  12 items, 2 scales, en de, validation none: "
        "Attachment orientation" in run("list").splitlines()
    )
    text = run("export", "self-response@1")
    assert files.load(text, "exported").ref == "self-response@1"
    run("export", "self-response@1", "--to", tmp_path / "out.yaml")
    assert (tmp_path / "out.yaml").read_text(encoding="utf-8") == text


@pytest.mark.django_db
def test_of_several_files_all_or_none_are_added(tmp_path: Path) -> None:
    good, taken = tmp_path / "good.yaml", tmp_path / "taken.yaml"
    wrong = tmp_path / "wrong.yaml"
    good.write_text(GOOD, encoding="utf-8")
    taken.write_text(GOOD.replace("Right now, I feel close", "I feel close"), encoding="utf-8")
    wrong.write_text("instrument: x\n", encoding="utf-8")
    out, closing = refused("add", good, wrong)
    assert closing == "nothing was added"
    assert "wrong.yaml:1:1 'version' is missing" in out
    assert "exists already with another content" in refused("add", good, taken)[1]
    assert refused("add")[1] == "give at least one FILE, or --shipped"
    assert not InstrumentVersion.objects.exists()


@pytest.mark.django_db
def test_export_of_an_unknown_version_names_the_known_one() -> None:
    run("add", "--shipped")
    assert refused("export", "mood-worry@3")[1].endswith("did you mean mood-worry@1?")


@pytest.mark.django_db
def test_published_keys_are_listed_and_exported_without_wording() -> None:
    lines = run("list", "--keys").splitlines()
    assert len(lines) == len(published())
    assert any(
        line.startswith("ecr-1998@1  36 items, 2 scales, no wording, key mem") for line in lines
    )
    text = run("export", "scs@1")
    assert files.load(text, "exported") == published()["scs@1"]


@pytest.mark.django_db
def test_wording_makes_a_version_that_can_be_asked_and_leaves_the_key_as_it_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(sheet(published()["phq8@1"], ["en", "de"]))
    arguments = ("wording", "phq8@1", path, "--licence", "Contract 7", "--order", "printed")
    assert run(*arguments).startswith("phq8@2 has the wording")
    assert run(*arguments).startswith("phq8@2 has the wording")  # the same again changes nothing
    row = InstrumentVersion.objects.get()
    stored = files.load(run("export", "phq8@2"), "exported")
    assert (stored.wording, stored.languages) == ("complete", ("en", "de"))
    assert stored.licence.statement == "Contract 7"
    event = Event.objects.get(event="instrument.worded")
    assert (event.subject, event.actor) == ("phq8@2", "manage.py instrument")
    assert (event.data["key"], event.data["order"]) == ("phq8@1", "printed")
    assert event.data["licence"] == "Contract 7"
    assert row.content_hash != content_hash(files.document_of(published()["phq8@1"]))
    path.write_bytes(sheet(published()["phq8@1"], ["sv"]))
    assert run(*arguments).startswith("phq8@3 has the wording")
    assert "8 items, 1 scale, sv, key verified" in run("list")


@pytest.mark.django_db
def test_wording_that_does_not_fit_is_refused_with_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(sheet(published()["rses-a@1"], without=["rsesa_03"]))
    good = ("--licence", "Ours", "--order", "reversed-2-5-6-8-9")
    out, closing = refused("wording", "rses-a@1", path, *good)
    assert closing == "nothing was added"
    assert "sheet.csv:1 has 9 of 10 items; lacks rsesa_03" in out
    out, _ = refused("wording", "rses-b@1", path, *good)
    assert "'rses-b@1' is the key for the order 'reversed-3-5-8-9-10'" in out
    assert (
        "say under which terms"
        in refused("wording", "rses-a@1", path, "--licence", " ", "--order", "x")[1]
    )
    assert "rses-a@1" in refused("wording", "rses@1", path, *good)[1]
    assert not InstrumentVersion.objects.exists()
