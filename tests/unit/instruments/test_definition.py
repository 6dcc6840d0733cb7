"""An instrument whose parts do not fit is refused, with the place of every misfit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from surveys.instruments.definition import Instrument
from surveys.lib.documents import Misfit
from tests.unit.instruments.building import document, scale


def misfits(doc: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(doc)
    cause = caught.value.errors()[0].get("ctx", {}).get("error")
    assert isinstance(cause, Misfit), caught.value
    return [(".".join(map(str, where)), message) for where, message in cause.found]


def test_a_whole_document_is_accepted_and_found_by_its_codes() -> None:
    one = Instrument.model_validate(document(scales=[scale("m", {"q1": -1})]))
    assert one.ref == "small@1"
    assert one.by_code["q2"].text == {"en": "Question 2"}
    assert one.range_of(one.by_code["q1"]) == (1, 5)  # without the coded refusal 99
    assert one.scale_by_code["m"].scored_keys[0].sign == -1


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (lambda d: d["items"].append(d["items"][0]), "items.4.code", "item 'q1' stands twice"),
        (lambda d: d["scales"].append(d["scales"][0]), "scales.1.code", "scale 'm' stands twice"),
        (
            lambda d: d["items"][1].update(options="other"),
            "items.1.options",
            "item 'q2' names the unknown response set 'other'",
        ),
        (
            lambda d: d["response_sets"]["set"].append({"code": 1, "label": {"en": "again"}}),
            "response_sets.set",
            "response set 'set' has a code twice",
        ),
        (
            lambda d: d["response_sets"].update(empty=[]),
            "response_sets.empty",
            "response set 'empty' has no measuring option",
        ),
        (
            lambda d: d["scales"][0]["keys"].append({"item": "q9"}),
            "scales.0.keys.1.item",
            "scale 'm' keys the unknown item 'q9'",
        ),
        (
            lambda d: d["items"].__setitem__(
                0, {"code": "q1", "kind": "text", "text": {"en": "Why?"}}
            ),
            "scales.0.keys.0",
            "'q1' is a text and cannot be scored",
        ),
        (
            lambda d: d["items"].__setitem__(
                0, {"code": "q1", "kind": "number", "min": 0, "text": {"en": "How many?"}}
            ),
            "scales.0.keys.0",
            "'q1' needs 'min' and 'max' to be reversed",
        ),
        (
            lambda d: d.update(examples=[{"answers": {"q9": 1}, "scores": {}}]),
            "examples.0.answers.q9",
            "'q9' is no item",
        ),
        (
            lambda d: d.update(examples=[{"answers": {}, "scores": {"x": 1}}]),
            "examples.0.scores.x",
            "'x' is no scale",
        ),
        (
            lambda d: d["items"][2].update(text={"de": "Frage"}),
            "items.2.text",
            "lacks the language 'en'",
        ),
        (
            lambda d: d["scales"][0].update(high={"de": "mehr"}),
            "scales.0.high",
            "lacks the language 'en'",
        ),
        (
            lambda d: d["response_sets"]["set"][0].update(label={"de": "eins"}),
            "response_sets.set.0.label",
            "lacks the language 'en'",
        ),
    ],
)
def test_a_misfit_is_told_with_its_place(change: Any, where: str, message: str) -> None:
    doc = document(scales=[scale("m", {"q1": -1})])
    change(doc)
    assert (where, message) in misfits(doc)


def test_all_misfits_are_told_at_once() -> None:
    doc = document(scales=[scale("m", {"q8": 1})])
    doc["items"][0]["text"] = {"de": "Frage"}
    assert len(misfits(doc)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"min_answered": 5},
        {"min_answered": 0},
        {"method": "median"},
        {"keys": []},
        {"keys": [{"item": "q1"}, {"item": "q1", "sign": -1}]},
        {"keys": [{"item": "q1", "sign": 2}]},
        {"keys": [{"item": "q1", "weight": 0}]},
        {"keys": [{"item": "q1", "scored": False}]},
        {"unknown": 1},
    ],
)
def test_a_scale_that_cannot_work_is_refused(change: dict[str, Any]) -> None:
    one = scale("m", {"q1": 1, "q2": 1})
    one["rule"].update({k: change[k] for k in change.keys() & {"min_answered", "method"}})
    one.update({k: v for k, v in change.items() if k not in {"min_answered", "method"}})
    with pytest.raises(ValidationError):
        Instrument.model_validate(document(scales=[one]))


def test_pages_hold_every_item_once_in_order() -> None:
    one = Instrument.model_validate({**document(5), "items_per_page": 2})
    assert [[item.code for item in page] for page in one.pages] == [
        ["q1", "q2"],
        ["q3", "q4"],
        ["q5"],
    ]


def wordless(**more: Any) -> dict[str, Any]:
    doc = document(2, scales=[scale("a", {"q1": 1}), scale("b", {"q2": -1})]) | {"wording": "none"}
    for item in doc["items"]:
        del item["text"]
    for option in doc["response_sets"]["set"]:
        del option["label"]
    return doc | more


def part_scale(**more: Any) -> dict[str, Any]:
    made = scale("t", {}, min_answered=2) | {"parts": [{"scale": "a"}, {"scale": "b"}]}
    return made | more


def test_a_key_comes_without_wording_and_other_instruments_do_not() -> None:
    assert Instrument.model_validate(wordless()).items[0].text == {}
    with pytest.raises(ValidationError, match="'text' is missing"):
        Instrument.model_validate(wordless(wording="complete"))
    doc = wordless()
    doc["items"][0]["text"] = {"en": "How?"}
    with pytest.raises(ValidationError, match="is wording, and 'wording: none' says"):
        Instrument.model_validate(doc)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": [{"scale": "a"}, {"scale": "c"}]}, "'c' is no scale with a key"),
        ({"parts": [{"scale": "a"}, {"scale": "a"}]}, "a scale stands twice"),
        ({"parts": []}, "'keys' or 'parts'"),
        ({"keys": [{"item": "q1"}]}, "'keys' or 'parts'"),
        ({"rule": {"method": "mean", "min_answered": 3}}, "more than the score has parts"),
        ({"rule": {"method": "sum", "min_answered": 1}}, "needs all of them"),
        ({"parts": [{"scale": "a"}, {"scale": "b", "enters": "subtracted"}]}, "in sums only"),
    ],
)
def test_a_score_made_from_scores_must_add_up(changes: dict[str, Any], message: str) -> None:
    doc = wordless()
    doc["scales"].append(part_scale(**changes))
    with pytest.raises(ValidationError, match=message):
        Instrument.model_validate(doc)
