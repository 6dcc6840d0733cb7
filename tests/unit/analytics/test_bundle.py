"""Archives, manifests, codebook and package descriptor."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analytics.formats import FORMATS, UnknownFormat, bundle, chosen
from analytics.formats.codebook import codebook
from analytics.formats.datapackage import datapackage
from analytics.formats.readme import readme
from analytics.tidy.columns import tables
from analytics.tidy.reasons import Reason
from tests.unit.analytics.samples import DESIGN, EMPTY, form, question

TABLES = tables(DESIGN)
AS_OF = datetime(2027, 3, 1, 9, tzinfo=UTC)
BOTH = chosen(["parquet", "csv"])


def filled(folder: Path) -> Path:
    folder.mkdir()
    (folder / "design").mkdir()
    (folder / "answers.csv").write_text("participant\nP1\n")
    (folder / "design" / "protocol-1.json").write_text("{}")
    made = bundle.manifest(
        folder, DESIGN, as_of=AS_OF, options={"formats": ["csv"]}, rows={"answers": 1}
    )
    bundle.write_json(folder / bundle.MANIFEST, made)
    return folder


def test_the_manifest_names_every_file_and_version(tmp_path: Path) -> None:
    made = json.loads((filled(tmp_path / "b") / bundle.MANIFEST).read_text())
    assert [entry["path"] for entry in made["files"]] == ["answers.csv", "design/protocol-1.json"]
    assert made["files"][0]["rows"] == 1
    assert made["as_of"] == "2027-03-01T09:00:00.000Z"
    assert made["instruments"][0] == {
        "instrument": "calm@1", "sha256": "hash-calm-1", "validation_status": "none",
    }  # fmt: skip
    assert [p["version"] for p in made["protocols"]] == [1, 2]
    assert made["software"]["studyplatform"]


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    one, two = filled(tmp_path / "one"), filled(tmp_path / "two")
    os.utime(two / "answers.csv", (1, 1))
    (two / "answers.csv").chmod(0o600)
    bundle.archive(one, tmp_path / "1.zip", top="sample")
    bundle.archive(two, tmp_path / "2.zip", top="sample")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "1.zip").namelist()
    assert names == sorted(names)
    assert all(name.startswith("sample/") for name in names)


def test_an_untouched_bundle_verifies_as_folder_and_as_zip(tmp_path: Path) -> None:
    folder = filled(tmp_path / "b")
    bundle.archive(folder, tmp_path / "b.zip", top="sample")
    assert bundle.verify(folder) == []
    assert bundle.verify(tmp_path / "b.zip") == []


def test_every_difference_is_named(tmp_path: Path) -> None:
    folder = filled(tmp_path / "b")
    (folder / "answers.csv").write_text("participant\nP2\n")
    (folder / "design" / "protocol-1.json").unlink()
    (folder / "extra.txt").write_text("")
    assert bundle.verify(folder) == [
        "design/protocol-1.json: missing",
        "extra.txt: not in the manifest",
        "answers.csv: changed",
    ]


@pytest.mark.parametrize("content", [None, b"", b"not json", b"[]", b'{"files": []}'])
def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / bundle.MANIFEST).write_bytes(content)
    with pytest.raises(bundle.NotABundle):
        bundle.verify(tmp_path)


def test_formats_come_in_one_order_and_unknown_ones_are_named() -> None:
    assert [f.code for f in BOTH] == ["csv", "parquet"] == list(FORMATS)
    with pytest.raises(UnknownFormat, match="no such format: xls; there are csv, parquet"):
        chosen(["csv", "xls"])
    with pytest.raises(UnknownFormat, match="at least one"):
        chosen([])


class Checker(HTMLParser):
    """Finds open tags and references to elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [v for k in ("href", "src") if (v := found.get(k))]
        self.ids += [v for v in [found.get("id")] if v]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_codebook_is_whole_and_points_nowhere_else() -> None:
    page = codebook(DESIGN, TABLES, attention={}, as_of=AS_OF, version="1")
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert {link.removeprefix("#") for link in checker.links} <= set(checker.ids)
    assert page.count("Validation status: none.") == len(DESIGN.forms)
    assert all(reason.meaning.replace("'", "&#x27;") in page for reason in Reason)
    assert all(f"<code>{c.name}</code>" in page for c in TABLES["answers"].columns)
    assert page == codebook(DESIGN, TABLES, attention={}, as_of=AS_OF, version="1")


def test_the_codebook_escapes_what_people_wrote() -> None:
    text = {"en": "<script>alert(1)</script>", "de": "Größer & kleiner"}
    evil = form("evil", 1, (replace(question("q"), text=text),))
    design = replace(DESIGN, forms=(evil, *DESIGN.forms[1:]), title=text)
    page = codebook(design, tables(design), attention={}, as_of=None, version="1")
    assert "<script>" not in page
    assert '<span lang="de">Größer &amp; kleiner</span>' in page


def test_the_package_describes_every_column_of_every_file() -> None:
    files = {f"{name}{f.suffix}": (7, "ab") for name in TABLES for f in BOTH}
    package = datapackage(DESIGN, TABLES, BOTH, files=files, version="1")
    assert package["$schema"].endswith("/2.0/datapackage.json")
    resources = {resource["name"]: resource for resource in package["resources"]}
    assert len(resources) == 18
    waves = resources["person-waves"]
    assert (waves["path"], waves["bytes"], waves["hash"]) == ("person_waves.csv", 7, "sha256:ab")
    assert [f["name"] for f in waves["schema"]["fields"]] == [
        c.name for c in TABLES["person_waves"].columns
    ]
    assert waves["schema"]["primaryKey"] == ["participant", "wave", "nth"]
    fields = {f["name"]: f for f in waves["schema"]["fields"]}
    assert fields["c2"]["missingValues"] == [
        {"value": "", "label": "see c2_reason"},
        {"value": "99", "label": "Prefer not to say"},
    ]
    assert {"value": 1, "label": "Point 1"} in fields["c2"]["categories"]
    assert {c["value"] for c in fields["c2_reason"]["categories"]} == set(Reason)
    reference = resources["answers-parquet"]["schema"]["foreignKeys"][0]["reference"]
    assert reference["resource"] in resources


def test_the_readme_fits_the_formats_and_an_empty_study() -> None:
    assert "read_parquet" in readme(DESIGN, TABLES, BOTH, "1")
    plain = readme(EMPTY, tables(EMPTY), chosen(["csv"]), "1")
    assert "read_parquet" not in plain
    assert "read_csv" in plain
