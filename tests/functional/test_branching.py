"""A branched instrument walked through its pages by several people, and the dataset that comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from analytics import actions, reports
from surveys.design.models import Study
from surveys.lib import clock
from surveys.scheduling.models import Occasion
from tests.answering import link, window_around
from tests.integration.analytics.study import add_instrument
from tests.world import (
    instrument_document,
    make_occasion,
    make_participant,
    make_study,
    wave_document,
)

pytestmark = pytest.mark.django_db
EN = {"en": "Words", "de": "Wörter"}


def branched(*, by_section: bool) -> dict[str, Any]:
    """A filter, three items of a scale behind it, a note behind one of them."""
    document = instrument_document("calm")
    often = {"kind": "single", "options": "how_often", "text": EN}
    document["items"] = [
        {"code": "filter", **often},
        *({"code": f"calm{n}", **often} for n in (1, 2, 3)),
        {"code": "note", "kind": "text", "text": EN, "show_if": "answers.calm1 == 2"},
    ]
    behind: dict[str, Any] = {"items": ["calm1", "calm2", "calm3"]}
    sections = [{"items": ["filter"]}, behind, {"items": ["note"]}]
    for part in [behind] if by_section else document["items"][1:4]:
        part["show_if"] = "answers.filter > 0"
    return document | ({"sections": sections} if by_section else {})


def last() -> dict[str, Any]:
    """An instrument that nobody is asked whose score before was low."""
    document = instrument_document("last")
    for item in document["items"]:
        item["show_if"] = 'has(occasion.scores["calm"].calm) && occasion.scores["calm"].calm > 1'
    return document


def a_study(*, by_section: bool) -> Study:
    for document in (branched(by_section=by_section), last()):
        add_instrument(document)
    return make_study(waves=[wave_document("baseline", "P0D", instruments=["calm@1", "last@1"])])


def fill_in(occasion: Occasion, answers: dict[str, str], most: int = 99) -> list[set[str]]:
    """Answer page by page, at most so many; return the items of each page."""
    visitor = Client()
    visitor.post(link(occasion), {"start": "1"})
    seen: list[set[str]] = []
    for _ in range(most):
        page = visitor.get("/survey/")
        if page.status_code == 303:
            break
        html = page.content.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html))
        asked = set(re.findall(r' name="(filter|calm\d|note)"', html))
        seen.append(asked)
        posted = hidden | {code: answers[code] for code in asked}
        assert visitor.post("/survey/", posted).status_code == 303
    return seen


PEOPLE = {
    "none": ({"filter": "0"}, 99, [{"filter"}]),
    "low": (
        {"filter": "1", "calm1": "0", "calm2": "1", "calm3": "2"},
        99,
        [{"filter"}, {"calm1", "calm2", "calm3"}],
    ),
    "high": (
        {"filter": "1", "calm1": "2", "calm2": "2", "calm3": "0", "note": "All well"},
        99,
        [{"filter"}, {"calm1", "calm2", "calm3"}, {"note"}, {"calm1", "calm2", "calm3"}],
    ),
    "part": ({"filter": "1", "calm1": "0", "calm2": "0", "calm3": "0"}, 1, [{"filter"}]),
    "left": ({"filter": "0"}, 0, []),
}
OUT = "branched_out"
REASONS = {
    "none": ["", OUT, OUT, OUT, OUT, OUT, OUT, OUT],
    "low": ["", "", "", "", OUT, OUT, OUT, OUT],
    "high": ["", "", "", "", "", "", "", ""],
    "part": ["", *["not_reached"] * 7],
}


@pytest.mark.parametrize("by_section", [False, True])
def test_every_cell_of_a_branched_instrument_has_a_value_or_a_reason(
    tmp_path: Path, *, by_section: bool
) -> None:
    study = a_study(by_section=by_section)
    for code, (answers, most, pages) in PEOPLE.items():
        person = make_participant(study, code)
        occasion = make_occasion(person, **window_around(clock.now()))
        assert fill_in(occasion, answers, most) == pages
    actions.write_bundle(study, ["csv", "parquet"], tmp_path)
    rows = table(tmp_path, "answers")
    has_value = rows["value"].notna() | rows["text"].notna()
    assert (has_value ^ rows["reason"].notna()).all()
    for code, reasons in REASONS.items():
        assert rows[rows["participant"] == code]["reason"].fillna("").tolist() == reasons
    scores = table(tmp_path, "scores").set_index(["participant", "instrument"])
    assert (scores["score"].notna() ^ scores["reason"].notna()).all()
    assert scores["reason"].loc["none"].tolist() == [OUT, OUT]
    assert scores["reason"].loc["low"].fillna("").tolist() == ["", OUT]
    wide = table(tmp_path, "person_waves").set_index("participant")
    assert (
        wide.loc["none", [c for c in wide.columns if c.endswith("calm1_reason")]].tolist()
        == [OUT] * 2
    )


def table(folder: Path, name: str) -> Any:
    """A table of the bundle; untyped, since its columns are the study's."""
    return reports.table(folder, name)
