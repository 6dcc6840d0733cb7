"""Texts that name earlier answers: what is a template, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from surveys.instruments import piping
from surveys.instruments.definition import Instrument
from surveys.instruments.piping import Pipe
from surveys.lib.expressions import Fact, own
from tests.unit.instruments.building import document


def piped(**texts: str) -> Instrument:
    """q1 to q4, some with other texts."""
    made: dict[str, Any] = document(4)
    for item in made["items"]:
        if item["code"] in texts:
            item["text"] = {"en": texts[item["code"]]}
    return Instrument.model_validate(made)


def test_a_text_is_cut_at_its_braces() -> None:
    assert piping.pieces("Is {answers.q1 | your friend } {{kind}}?") == (
        "Is ", Pipe(own("q1"), "your friend"), " ", "{", "kind", "}", "?",
    )  # fmt: skip
    elsewhere = '{baseline.answers["people"].friend|them}'
    fact = Fact("baseline", "answers", "people", "friend")
    assert piping.pieces(elsewhere) == (Pipe(fact, "them"),)


def test_a_list_of_questions_shows_the_fall_back_words() -> None:
    assert piping.plain("How is {answers.q1|your friend}?") == "How is your friend?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Is {answers.q1} kind?", "has no words for when there is no answer"),
        ("Is {answers.q1| } kind?", "has no words for when there is no answer"),
        ("Is {answers.q9|it} kind?", "there is no item 'q9'; earlier are q1, q2"),
        ("Is {answers.q3|it} kind?", "'q3' comes later than 'q3'"),
        ("Is {values.age|it} kind?", "there is no value 'age'"),
        ("Is {name|it} kind?", "'name' names no answer, score or value"),
        ("Is {baseline.completed|it}?", "is no answer, score or value"),
        ("Is {answers.q1 + 1|it}?", "names no answer, score or value"),
        ("Is } kind?", "a single '}' stands for nothing"),
        ("Is { kind?", "a single '{' stands for nothing"),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        piped(q3=text)
    (error,) = refused.value.errors()
    ((where, what),) = error["ctx"]["error"].found
    assert where == ("items", 2, "text", "en")
    assert message in what


def test_a_page_ends_before_a_text_that_names_an_answer_on_it() -> None:
    pages = [[item.code for item in page] for page in piped(q3="{answers.q2|it}").pages]
    assert pages == [["q1", "q2"], ["q3", "q4"]]


def test_a_heading_may_name_what_comes_before_its_section() -> None:
    made = document(4)
    made["sections"] = [{"items": ["q1", "q2"]}, {"items": ["q3", "q4"]}]
    for at, is_fine in ((1, True), (0, False)):
        made["sections"][at]["title"] = {"en": "About {answers.q1|it}"}
        if is_fine:
            Instrument.model_validate(made)
    with pytest.raises(ValidationError, match="'q1' comes later than 'q1'"):
        Instrument.model_validate(made)


@given(st.text())
def test_a_text_with_doubled_braces_is_shown_as_it_was_meant(text: str) -> None:
    assert piping.plain(text.replace("{", "{{").replace("}", "}}")) == text


@given(st.text(alphabet="{}|answers.q1 x", max_size=30))
def test_no_stored_text_stops_a_page(text: str) -> None:
    assert isinstance(piping.plain(text), str)
