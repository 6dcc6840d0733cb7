"""Blocks that are asked for each of several targets: what they become, and what is refused where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.instruments import files, logic
from surveys.instruments.scoring import score_one
from surveys.lib.yamlfile import DocumentError

HEAD = """instrument: close
version: 1
title: {en: Close, de: Nah}
languages: [en, de]
validation_status: none
citation: Made for the tests
licence: {name: Apache-2.0, statement: Free to use}
response_sets:
  codes:
    - {code: 1, label: {en: No, de: Nein}}
    - {code: 2, label: {en: So so, de: Teils}}
    - {code: 3, label: {en: Yes, de: Ja}}
  there_is:
    - {code: 1, label: {en: I have, de: Habe ich}}
    - {code: 0, label: {en: I have none, de: Habe ich nicht}, missing: not_applicable}
items:
  - {code: first, kind: single, options: codes, text: {en: First, de: Zuerst}}
  - {code: last, kind: single, options: codes, text: {en: Last, de: Zuletzt}}
"""
BLOCK = """repeats:
  - code: rs
    after: first
    targets:
      - {code: mother, words: {whom: {en: your mother, de: Ihre Mutter}, to: {en: your mother, de: Ihrer Mutter}}}
      - {code: friend, words: {whom: {en: your friend, de: Ihren Freund}, to: {en: your friend, de: Ihrem Freund}}}
    ask: {text: {en: 'Is there {whom}?', de: 'Gibt es {whom}?'}, options: there_is}
    items:
      - {code: '1', kind: single, options: codes, text: {en: 'I talk to {to}.', de: 'Ich rede mit {to}.'}}
      - {code: '2', kind: single, options: codes, text: {en: 'I shun {whom}.', de: 'Ich meide {whom}.'}}
      - {code: why, kind: text, show_if: answers.near == 3, text: {en: 'You said {answers.near|so}: why?', de: Warum?}}
    scales:
      - code: warmth
        title: {en: 'Warmth, {whom}', de: 'Wärme, {whom}'}
        high: {en: warm, de: warm}
        rule: {method: mean, min_answered: 2}
        keys: [{item: '1'}, {item: '2', sign: -1}]
        across: {code: all_warmth, title: {en: Warmth, de: Wärme}, rule: {method: mean, min_answered: 1}}
"""
BLOCK = BLOCK.replace(
    "- {code: why",
    "- {code: near, kind: single, options: codes, text: {en: N, de: N}}\n      - {code: why",
)
ONE = files.load(HEAD + BLOCK, "close.yaml")
RS = ["1", "2", "near", "why"]


def test_a_block_becomes_items_with_codes_by_the_rule_in_the_place_that_it_says() -> None:
    blocks = [[f"rs_{t}", *(f"rs_{t}_{code}" for code in RS)] for t in ("mother", "friend")]
    assert list(ONE.by_code) == ["first", *blocks[0], *blocks[1], "last"]
    assert list(ONE.scale_by_code) == ["mother_warmth", "friend_warmth", "all_warmth"]
    assert [part.scale for part in ONE.scale_by_code["all_warmth"].parts] == [
        "mother_warmth", "friend_warmth",
    ]  # fmt: skip


def test_texts_have_the_words_of_their_target_in_each_language() -> None:
    assert ONE.by_code["rs_mother_1"].text["de"] == "Ich rede mit Ihrer Mutter."
    assert ONE.by_code["rs_friend_2"].text["de"] == "Ich meide Ihren Freund."
    assert ONE.by_code["rs_friend"].text["en"] == "Is there your friend?"
    assert ONE.scale_by_code["mother_warmth"].title["en"] == "Warmth, your mother"


def test_names_within_a_block_mean_the_items_of_the_same_target() -> None:
    item = ONE.by_code["rs_friend_why"]
    assert item.show_if == "answers.rs_friend_near == 3"
    assert item.text["en"] == "You said {answers.rs_friend_near|so}: why?"


@pytest.mark.parametrize(
    ("answer", "is_hidden"), [({}, False), (1, False), (0, True), (None, True)]
)
def test_the_items_of_a_target_hang_on_whether_there_is_one(
    answer: object, is_hidden: bool
) -> None:
    answers = {"rs_friend": answer} if answer != {} else {}
    gone = logic.hidden(ONE, answers, {})
    assert ({f"rs_friend_{code}" for code in RS} <= gone) == is_hidden
    assert not {c for c in gone if c.startswith("rs_mother")}


def test_a_file_of_the_written_out_instrument_reads_back_as_the_same() -> None:
    assert files.load(files.dump(ONE), "again.yaml") == ONE


CODES = st.none() | st.integers(1, 3)


@given(CODES, CODES, CODES, CODES)
def test_scores_equal_a_plain_computation(m1: int, m2: int, f1: int, f2: int) -> None:
    answers = {"rs_mother_1": m1, "rs_mother_2": m2, "rs_friend_1": f1, "rs_friend_2": f2}
    plain = [
        None if None in {one, two} else (one + 4 - two) / 2 for one, two in ((m1, m2), (f1, f2))
    ]
    there = [each for each in plain if each is not None]
    scores = score_one(ONE, answers)
    assert [scores[f"{t}_warmth"].value for t in ("mother", "friend")] == plain
    assert scores["all_warmth"].value == (sum(there) / len(there) if there else None)


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("after: first", "after: frist", 21, "there is no item 'frist' outside of blocks"),
        ("mit {to}.", "mit {too}.", 27, "target 'mother' has no words 'too'; it has whom, to"),
        (", de: Ihrem Freund", "", 27, "'to' of target 'friend' lacks 'de'"),
        ("code: friend, words", "code: mother, words", 24, "'mother' stands twice"),
        ("{code: '2', kind", "{code: '1', kind", 28, "'1' stands twice"),
        ("answers.near == 3", "answers.far == 3", 30, "there is no item 'far'"),
        ("options: there_is}", "options: codes}", 25, "no option of 'codes' is 'missing: not_"),
        ("{item: '1'}", "{item: '9'}", 36, "the block has no item '9'; it has 1, 2"),
        ("kind: text, show", "kind: words, show", 30, "expected"),
        ("ask: {text", "aks: {text", 25, "did you mean 'ask'?"),
    ],
)
def test_what_is_wrong_in_a_block_is_said_at_its_place(
    old: str, new: str, where: int, message: str
) -> None:
    assert old in BLOCK
    with pytest.raises(DocumentError) as refused:
        files.load(HEAD + BLOCK.replace(old, new), "close.yaml")
    found = [(problem.line, problem.message) for problem in refused.value.problems]
    assert {line for line, what in found if message in what} == {where}, found


@pytest.mark.parametrize("wrong", ["items: 5", "items: [5]", "sections: no", "scales: {a: b}"])
def test_a_file_that_is_wrong_around_a_block_is_refused_too(wrong: str) -> None:
    head = HEAD[: HEAD.index("items:\n")] + wrong + "\n"
    with pytest.raises(DocumentError) as refused:
        files.load(head + BLOCK.replace("    after: first\n", ""), "close.yaml")
    assert any(problem.line == 16 for problem in refused.value.problems), refused.value


def test_a_block_may_stand_alone_with_a_heading_for_each_target() -> None:
    head = HEAD[: HEAD.index("items:\n")]
    heading = "    section: {title: {en: 'On {whom}', de: 'Über {whom}'}, layout: items}\n"
    one = files.load(head + BLOCK.replace("    after: first\n", heading), "close.yaml")
    assert [section.title and section.title["de"] for section in one.sections] == [
        None, "Über Ihre Mutter", None, "Über Ihren Freund",
    ]  # fmt: skip
    assert one.sections[1].items == tuple(f"rs_mother_{code}" for code in RS)


def test_wording_that_looks_like_the_name_of_an_answer_stays_as_it_is() -> None:
    said = "There are no wrong answers. Please rate your answers. 1 is low, {{answers.near}} too."
    block = BLOCK.replace("I talk to {to}.", said)
    one = files.load(HEAD + block, "close.yaml")
    assert one.by_code["rs_mother_1"].text["en"] == said


def test_names_within_a_block_keep_their_spacing() -> None:
    block = BLOCK.replace("answers.near == 3", "answers . near == 3")
    one = files.load(HEAD + block, "close.yaml")
    assert one.by_code["rs_mother_why"].show_if == "answers . rs_mother_near == 3"
