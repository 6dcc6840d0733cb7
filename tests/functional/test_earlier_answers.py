"""Texts that name earlier answers, calculated values and a target that somebody does not have."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.test import Client

from analytics import actions
from surveys.lib import clock
from surveys.scheduling.models import Occasion
from tests.answering import link, window_around
from tests.functional.test_branching import table
from tests.integration.analytics.study import add_instrument
from tests.world import (
    instrument_document,
    make_occasion,
    make_participant,
    make_study,
    wave_document,
)

pytestmark = pytest.mark.django_db


def both(text: str) -> dict[str, str]:
    return {"en": text, "de": text}


def asking() -> dict[str, Any]:
    """A name, whether there is a friend, three items about the friend, and a value over two numbers."""
    document = instrument_document("calm")
    often = {"kind": "single", "options": "how_often"}
    document["response_sets"]["there_is"] = [
        {"code": 1, "label": {"en": "A good friend", "de": "Ein guter Freund"}},
        {"code": 0, "label": {"en": "Nobody", "de": "Niemand"}, "missing": "not_applicable"},
    ]
    about = {
        "en": "With {answers.name|your friend} ({answers.friend|none})?",
        "de": "Und {answers.friend|x}?",
    }
    document["items"] = [
        {"code": "name", "kind": "text", "text": both("Name?"), "required": "no"},
        {"code": "friend", "kind": "single", "options": "there_is", "text": both("A friend?")},
        *({"code": f"calm{n}", **often, "text": about, "target": "friend"} for n in (1, 2, 3)),
        {"code": "years", "kind": "number", "text": both("Years?"), "min": 0, "required": "no"},
        {"code": "age", "kind": "number", "text": both("Age?"), "min": 0},
        {
            "code": "last",
            "kind": "text",
            "text": both("More after {values.share|some} of your life?"),
            "show_if": "values.share >= 0.25",
        },
    ]
    document["values"] = [
        {"code": "share", "title": both("Share of life"), "formula": "answers.years / answers.age"}
    ]
    return document


def walk(occasion: Occasion, answers: dict[str, str]) -> list[str]:
    """Answer page by page; return the pages as HTML."""
    visitor = Client()
    visitor.post(link(occasion), {"start": "1"})
    seen: list[str] = []
    while (page := visitor.get("/survey/")).status_code == 200:
        seen.append(page.content.decode())
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', seen[-1]))
        codes = set(re.findall(r'id="(\w+)-question"', seen[-1]))
        skipped = {"confirmed_skips": " ".join(codes)}
        posted = hidden | skipped | {code: answers.get(code, "") for code in codes}
        assert visitor.post("/survey/", posted).status_code == 303
    return seen


@pytest.fixture
def study() -> Any:
    add_instrument(asking())
    return make_study(waves=[wave_document("baseline", "P0D", instruments=["calm@1"])])


def occasion_of(study: Any, code: str) -> Occasion:
    return make_occasion(make_participant(study, code), **window_around(clock.now()))


FRIEND = {"friend": "1", "calm1": "2", "calm2": "2", "calm3": "2"}
SHALOM = "\u05e9\u05dc\u05d5\u05dd"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Ada", "<bdi>Ada</bdi>"),
        ("<script>x</script>&", "<bdi>&lt;script&gt;x&lt;/script&gt;&amp;</bdi>"),
        ("{answers.friend|x}", "<bdi>{answers.friend|x}</bdi>"),
        (SHALOM, f"<bdi>{SHALOM}</bdi>"),
        ("long " * 90, f"<bdi>{('long ' * 40).strip()}…</bdi>"),
        ("", "your friend"),
    ],
)
def test_a_text_names_an_answer_and_is_safe_whatever_it_was(
    study: Any, given: str, shown: str
) -> None:
    _, second, *_ = walk(occasion_of(study, "one"), FRIEND | {"name": given})
    assert f"With {shown} (<bdi>A good friend</bdi>)?" in second


def test_a_text_follows_an_answer_that_is_changed_on_the_way_back(study: Any) -> None:
    occasion = occasion_of(study, "one")
    visitor = Client()
    visitor.post(link(occasion), {"start": "1"})
    for name in ("Ada", "Bo"):
        page = visitor.get("/survey/").content.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        visitor.post("/survey/", hidden | {"name": name, "friend": "1", "action": "next"})
        page = visitor.get("/survey/").content.decode()
        assert f"With <bdi>{name}</bdi>" in page
        again = Client()
        again.post(link(occasion), {"start": "1"})  # resumed elsewhere
        assert f"With <bdi>{name}</bdi>" in again.get("/survey/").content.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        visitor.post("/survey/", hidden | {"action": "back"})


def test_a_choice_is_named_in_the_language_of_the_page(study: Any) -> None:
    occasion = occasion_of(study, "one")
    type(occasion.participant).objects.filter(pk=occasion.participant_id).update(language="de")
    _, second, *_ = walk(Occasion.objects.get(pk=occasion.pk), FRIEND)
    assert "Und <bdi>Ein guter Freund</bdi>?" in second


PEOPLE = {
    "share": FRIEND | {"years": "10", "age": "40"},
    "none": {"friend": "0", "years": "10", "age": "50"},
    "skips": {"age": "40"},
    "zero": FRIEND | {"years": "10", "age": "0"},
}
OUT, NO = "branched_out", "no_target"


def test_values_and_targets_come_into_the_dataset_with_their_reasons(
    study: Any, tmp_path: Path
) -> None:
    pages = {code: walk(occasion_of(study, code), given) for code, given in PEOPLE.items()}
    assert "More after <bdi>0.25</bdi> of your life?" in html.unescape(pages["share"][-1])
    actions.write_bundle(study, ["csv", "parquet"], tmp_path)
    rows = table(tmp_path, "answers")
    calm2 = rows[rows["item"] == "calm2"].set_index("participant")["reason"].fillna("")
    assert calm2.to_dict() == {"none": NO, "share": "", "skips": OUT, "zero": ""}
    scores = table(tmp_path, "scores").set_index(["scale", "participant"])
    assert scores["reason"].fillna("").loc["calm"].to_dict() == calm2.to_dict()
    share = scores.loc["share"]
    assert share["score"].dropna().to_dict() == {"none": 0.2, "share": 0.25}
    assert share["reason"].fillna("").to_dict() == {
        "none": "", "share": "", "skips": "input_missing", "zero": "not_computable",
    }  # fmt: skip
    assert share["lacks"].fillna("").to_dict() == {
        "none": "", "share": "", "skips": "answers.years", "zero": "gives inf",
    }  # fmt: skip
    assert share["rule"].unique().tolist() == ["calculated: answers.years / answers.age"]
    wide = table(tmp_path, "person_waves").set_index("participant")
    again = wide["years"] / wide["age"]
    finite = again[again < float("inf")]
    pd.testing.assert_series_equal(wide["share"].dropna(), finite, check_names=False)
    assert wide.loc["zero", "share_reason"] == "not_computable"
    assert "Share of life" in (tmp_path / "codebook.html").read_text()


def later() -> dict[str, Any]:
    """An instrument of a later wave that names and computes with what was said before."""
    document = instrument_document("later")
    document["items"][0]["text"] = both('So {baseline.answers["calm"].name|you} are well?')
    document["items"][1]["text"] = both('And {occasion.answers["calm"].name|you}?')
    formulas = {
        "gain": 'answers.calm1 - baseline.scores["calm"].calm',
        "here": 'occasion.answers["calm"].age + 1.0',
        "done": "baseline.completed ? 1.0 : 0.0",
    }
    document["values"] = [
        {"code": code, "title": both(code), "formula": each} for code, each in formulas.items()
    ]
    return document


def test_texts_and_values_reach_into_earlier_waves_and_instruments(tmp_path: Path) -> None:
    for document in (asking(), later()):
        add_instrument(document)
    waves = [
        wave_document("baseline", "P0D", instruments=["calm@1"]),
        wave_document("m3", "P3M", instruments=["calm@1", "later@1"]),
    ]
    study = make_study(waves=waves)
    person = make_participant(study, "one")
    first = make_occasion(person, **window_around(clock.now()))
    again = make_occasion(person, wave="m3", **window_around(clock.now()))
    early = make_occasion(make_participant(study, "two"), wave="m3", **window_around(clock.now()))
    before = {"name": "Ada", "age": "40", "friend": "1", "calm1": "2", "calm2": "2", "calm3": "2"}
    now = before | {"name": "Bo", "calm1": "0"}
    walk(first, before)
    page = walk(again, now)[-1]
    assert "So <bdi>Ada</bdi> are well?" in page
    assert "And <bdi>Bo</bdi>?" in page
    assert "So you are well?" in walk(early, now)[-1]
    actions.write_bundle(study, ["csv", "parquet"], tmp_path)
    wide = table(tmp_path, "person_waves").set_index(["participant", "wave"])
    calm = wide.loc[("one", "baseline"), "calm_calm"]
    assert wide.loc[("one", "m3"), ["gain", "here", "done"]].tolist() == [0 - calm, 41, 1]
    assert wide.loc[("two", "m3"), "gain_reason"] == "input_missing"
    assert wide.loc[("two", "m3"), "done"] == 0
    scores = table(tmp_path, "scores").set_index(["scale", "participant", "wave"])
    assert scores.loc[("gain", "two", "m3"), "lacks"] == 'baseline.scores["calm"].calm'
