"""Instrument files: what is written reads back, what is wrong is named by line and column."""

from __future__ import annotations

import json

import pytest

from surveys.instruments import files
from surveys.instruments.definition import Instrument
from surveys.instruments.library import entries, shipped
from surveys.lib.documents import content_hash
from surveys.lib.yamlfile import DocumentError

GOOD = next(e for e in entries() if e.name == "state-check.yaml").read_text(encoding="utf-8")


def refusals(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    with pytest.raises(DocumentError) as caught:
        files.load(GOOD.replace(old, new, 1), "sc.yaml")
    return str(caught.value)


def line_of(text: str) -> int:
    return GOOD[: GOOD.index(text)].count("\n") + 1


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.instrument)
def test_a_written_instrument_reads_back_equal(one: Instrument) -> None:
    assert files.load(files.dump(one), "again.yaml") == one


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.instrument)
def test_the_file_looks_the_same_after_the_database_has_sorted_its_keys(one: Instrument) -> None:
    stored = json.loads(json.dumps(files.document_of(one), sort_keys=True))
    assert files.dump(Instrument.model_validate(stored)) == files.dump(one)


def test_the_hash_is_of_what_the_author_said_not_of_our_defaults() -> None:
    one = shipped()[0]
    document = files.document_of(one)
    assert "weight" not in json.dumps(document)
    assert "missing" not in json.dumps(document)
    assert content_hash(document) == content_hash(
        files.document_of(files.load(files.dump(one), "x"))
    )


def test_a_wrong_example_is_named_by_its_line() -> None:
    message = refusals("scores: {state: 4, closeness: 4", "scores: {state: 4.5, closeness: 4")
    line = line_of("scores: {state: 4, closeness: 4")
    assert message.startswith(f"sc.yaml:{line}:")
    assert "examples[0].scores.state: says 4.5, the key and rule give 4" in message


def test_an_example_that_expects_a_score_where_there_is_none_is_wrong() -> None:
    assert "says 3, the key and rule give no score" in refusals("{state: null,", "{state: 3,")
    assert "says no score, the key and rule give 4" in refusals("{state: 4,", "{state: null,")


def test_an_impossible_answer_in_an_example_is_named() -> None:
    message = refusals("{sc_01: 4, sc_02: 3", "{sc_01: 9, sc_02: 3")
    assert "examples[0].answers.sc_01: 9.0 is not one of 1, 2, 3, 4, 5" in message


def test_an_unknown_item_in_a_key_is_named_by_its_line_and_column() -> None:
    old = "keys: [{item: sc_01}, {item: sc_02}, {item: sc_03, sign: -1}]"
    line = line_of(old)
    message = refusals(old, "keys: [{item: sc_01}, {item: sc_9}, {item: sc_03, sign: -1}]")
    assert message == (
        f"sc.yaml:{line}:34 scales[0].keys[1].item: scale 'state' keys the unknown item 'sc_9'"
    )


def test_a_comma_in_a_one_line_text_is_explained_by_its_place() -> None:
    message = refusals("{en: closer to others,", "{en: closer, to others,")
    assert f"sc.yaml:{line_of('closer to others')}:" in message
    assert "scales[1].high" in message
