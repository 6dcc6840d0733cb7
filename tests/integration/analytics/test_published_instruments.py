"""A study that asks a published instrument: the codebook cites it, and totals of scales are scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analytics import actions, reports
from surveys.audit.actors import Actor
from surveys.instruments import actions as instruments
from surveys.instruments import wording
from surveys.instruments.library import published
from tests.integration.analytics.study import begun, submit
from tests.sheets import sheet
from tests.world import NOW, make_participant, make_study, wave_document

pytestmark = pytest.mark.django_db


def test_the_codebook_cites_a_published_instrument_and_its_totals_are_in_the_scores(
    tmp_path: Path,
) -> None:
    key = published()["scs@1"]
    instruments.add_wording(
        ref="scs@1",
        sheet=wording.read(sheet(key, ["en", "de"]), "sheet.csv"),
        order="printed",
        licence="Contract 7",
        by=Actor.system("a test"),
        now=NOW,
    )
    study = make_study(waves=[wave_document("baseline", "P0D", instruments=["scs@2"])])
    person = make_participant(study)
    kind = {row.item for row in key.scale_by_code["self_kindness"].keys}
    answers = {code: 5 if code in kind else 3 for code in key.by_code}
    submit(begun(person, "baseline", "completed"), "scs", answers, version=2)
    folder = tmp_path / "bundle"
    folder.mkdir()
    actions.write_bundle(study, ("csv",), folder)

    rows: Any = reports.table(folder, "scores").set_index("scale")
    assert rows.loc["total", "score"] == pytest.approx((5 + 5 * 3) / 6)
    assert rows.loc["total_items", "score"] == pytest.approx((5 * 5 + 21 * 3) / 26)
    assert (rows.loc["total", "n_answered"], rows.loc["total", "n_items"]) == (26, 26)
    assert rows.loc["total", "rule"].startswith("mean of 6 scores: self_kindness, self_judgment (r")
    page = (folder / "codebook.html").read_text(encoding="utf-8")
    for words in (
        "Neff, K. D. (2003)",
        "item order &#x27;printed&#x27;",
        "Status of the key: second-hand",
        "the six-means form is the author&#x27;s, from memory",
        "Contract 7",
        "all of them needed",
    ):
        assert words in page
