"""Every kind of item says what it needs and nothing else; asides, lists and sections fit."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import ValidationError

from surveys.instruments.definition import Instrument
from surveys.instruments.scoring import matrix
from surveys.lib.documents import Misfit
from tests.questionnaires import MORE_KINDS, MORE_KINDS_DOCUMENT


def changed(change: Any) -> dict[str, Any]:
    doc = deepcopy(MORE_KINDS_DOCUMENT)
    change({item["code"]: item for item in doc["items"]}, doc)
    return doc


def misfits(change: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(changed(change))
    cause = caught.value.errors()[0].get("ctx", {}).get("error")
    assert isinstance(cause, Misfit), caught.value
    return [(".".join(map(str, where)), message) for where, message in cause.found]


def test_sections_begin_pages_and_may_have_their_own_length() -> None:
    assert [[item.code for item in page] for page in MORE_KINDS.pages] == [
        ["welcome"],
        ["taken", "help", "order", "born", "asleep", "warmth"],
        ["children"],
        ["name"],
        ["near", "far"],
    ]


def test_what_a_form_leaves_out_leaves_its_section() -> None:
    asked = MORE_KINDS.without({"children", "far"})
    assert [[item.code for item in page] for page in asked.pages][2:] == [["name"], ["near"]]


def test_asides_come_last_and_are_no_part_of_the_range() -> None:
    near = MORE_KINDS.by_code["near"]
    assert [option.code for option in MORE_KINDS.options_of(near)] == [1, 2, 3, -8, -9]
    assert MORE_KINDS.range_of(near) == (1, 3)


def test_only_numbers_reach_the_scores() -> None:
    answers = {"help": [1, 2], "order": [3, 1, 2], "born": "2000-01-01", "warmth": 40, "taken": 1}
    row = dict(zip(MORE_KINDS.by_code, matrix(MORE_KINDS, [answers])[0], strict=True))
    assert {code for code, value in row.items() if value == value} == {"warmth", "taken"}


@pytest.mark.parametrize(
    ("item", "values", "message"),
    [
        ("asleep", {"options": "three"}, "'options' belongs to items of kind 'multiple', 'ranking', 'single', and only to them"),
        ("order", {"asides": "unsaid"}, "'asides' belongs to"),
        ("help", {"options": None}, "an item of kind 'multiple' needs 'options'"),
        ("warmth", {"min": None}, "an item of kind 'slider' needs 'min' and 'max'"),
        ("born", {"earliest": "2021-01-01"}, "'earliest' must not be after 'latest'"),
        ("help", {"least": 3}, "'least' must not be more than 'most'"),
        ("name", {"unit": {"en": "x"}}, "'unit' belongs to items of kind 'number', 'slider'"),
    ],
)  # fmt: skip
def test_an_item_that_does_not_fit_its_kind_is_refused(
    item: str, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Instrument.model_validate(changed(lambda items, _: items[item].update(values)))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (
            lambda items, _: items["name"].update(asides="nothing"),
            "items.8.asides",
            "item 'name' names the unknown response set 'nothing'",
        ),
        (
            lambda items, _: items["name"].update(asides="three"),
            "items.8.asides",
            "every option of 'three' must be 'missing' to stand aside",
        ),
        (
            lambda items, _: items["children"].update(min=-10),
            "items.7.asides",
            "code -8 could be a number given; set 'min' or 'max'",
        ),
        (
            lambda _, doc: doc["response_sets"]["three"].append(
                {"code": -9, "label": {"en": "x", "de": "x"}}
            ),
            "items.9.asides",
            "code -9 is an option of 'near' already",
        ),
        (
            lambda items, _: items["order"].update(options="helpers"),
            "items.3.options",
            "a ranking needs two options or more, none 'missing' or 'exclusive'",
        ),
        (
            lambda items, _: items["help"].update(most=4),
            "items.2.most",
            "only 3 options of 'helpers' can be chosen together",
        ),
        (
            lambda items, _: items["far"].update(code="help_1"),
            "items.2.code",
            "the dataset's column 'help_1' is an item already",
        ),
        (lambda _, doc: doc["sections"].pop(), "sections", "name every item once"),
        (
            lambda _, doc: doc["sections"][3]["items"].append("gone"),
            "sections.3.items.2",
            "'gone' is no item",
        ),
        (
            lambda _, doc: doc["sections"][2].update(layout="set"),
            "sections.2.layout",
            "a set holds items of kind 'single' with the same options and asides",
        ),
        (
            lambda items, _: items["warmth"]["ends"].update(low={"en": "cold"}),
            "items.6.ends.low",
            "lacks the language 'de'",
        ),
        (
            lambda _, doc: doc["sections"][3].update(title={"de": "Andere"}),
            "sections.3.title",
            "lacks the language 'en'",
        ),
        (
            lambda items, doc: doc["response_sets"].update(spare=doc["response_sets"]["unsaid"]),
            "response_sets.spare",
            "response set 'spare' has no measuring option",
        ),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(
    change: Any, where: str, message: str
) -> None:
    assert any(at == where and message in said for at, said in misfits(change)), misfits(change)
