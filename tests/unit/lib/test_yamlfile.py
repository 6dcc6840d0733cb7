"""YAML documents: every kind of bad file is a problem with a line; what is dumped reads back."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from surveys.lib import yamlfile
from surveys.lib.documents import Misfit
from surveys.lib.yamlnodes import MAX_BYTES


class Window(BaseModel):
    model_config = ConfigDict(extra="forbid")

    opens_on: date
    hours: int = Field(default=1, ge=1)
    unit: Literal["hour", "day"] = "hour"


class Wave(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern="^[a-z]+$")
    title: dict[str, str] = {}
    window: Window | None = None


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    ratio: float = 1.0
    waves: tuple[Wave, ...] = Field(default=(), min_length=1)

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [wave.code for wave in self.waves]
        twice = [at for at, code in enumerate(codes) if code in codes[:at]]
        if twice:
            raise Misfit([(("waves", at, "code"), "stands twice") for at in twice])
        return self


GOOD = """\
name: plan   # a comment
ratio: 2
waves:
  - code: first
    title: {en: "First", no: Første}
    window: {opens_on: 2027-10-04, hours: 3}
  - code: second
"""


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(yamlfile.DocumentError) as caught:
        yamlfile.load(text, Plan, "plan.yaml")
    return str(caught.value).splitlines()


def test_a_good_file_becomes_the_model() -> None:
    plan = yamlfile.load(GOOD, Plan, "plan.yaml")
    assert plan.waves[0].window == Window(opens_on=date(2027, 10, 4), hours=3)
    assert plan.waves[0].title == {"en": "First", "no": "Første"}  # YAML 1.2: no is a word


def test_bytes_with_a_byte_order_mark_read_alike() -> None:
    assert yamlfile.load(GOOD.encode("utf-8-sig"), Plan, "x") == yamlfile.load(GOOD, Plan, "x")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hours: 3", "hours: soon", "6:43 waves[0].window.hours: expected a valid integer, got"),
        ("hours: 3", 'hours: "3"', "6:43 waves[0].window.hours: expected a valid integer, got"),
        ("hours: 3", "hours: 0", "6:43 waves[0].window.hours: expected greater than or equal to 1"),
        ("hours: 3", "hour: 3", "6:36 waves[0].window.hour: unknown key; did you mean 'hours'?"),
        ("hours: 3", "xyz: 3", "waves[0].window.xyz: unknown key; known here: opens_on, hours"),
        ("hours: 3", "unit: week", "6:42 waves[0].window.unit: expected 'hour' or 'day', got"),
        ("2027-10-04", "2027-13-04", "6:24 waves[0].window.opens_on: expected a valid date"),
        ("code: second", "cod: second", "7:5 waves[1]: 'code' is missing"),
        ("code: second", "code: first", "7:11 waves[1].code: stands twice"),
        ("code: second", "code: 'Two'", "7:11 waves[1].code: expected text that should match"),
        ("name: plan", "{name: plan", "2:1 while parsing a flow mapping: expected"),
        ("name: plan", "name: a: b", "1:8 a second colon in this line"),
        ("ratio: 2", "ratio: true", "2:8 ratio: expected a valid number, got true"),
        ("ratio: 2", "ratio: .inf", "2:8 ratio: '.inf' is not a finite decimal number"),
        ("ratio: 2", "ratio: " + "9" * 5000, "2:8 ratio: '999"),
        ("ratio: 2", "name: again", "2:1 name: this key already stands in line 1"),
        ("ratio: 2", "\tratio: 2", "2:1 a tab is used as indentation"),
        ("ratio: 2", "ratio: *two", "2:8 found undefined alias 'two'"),
        ("ratio: 2", "ratio: !!python/name:os.system x", "is not allowed"),
        ("ratio: 2", "ratio: !pair [1, 2]", "2:8 ratio: the tag '!pair' is not allowed"),
        ("ratio: 2", "? [a, b]\n: 2", "2:3 a key must be a plain word"),
        ("ratio: 2", "<<: {ratio: 2}", "2:1 a key must be a plain word"),
        ("ratio: 2", 'ratio: "\\0"', "2:8 ratio: the character U+0000 cannot be stored"),
        ("ratio: 2", 'ratio: "\\uD800"', "2:8 ratio: the character U+D800 cannot be stored"),
        ("ratio: 2", "---\nratio: 2", "2:1 expected a single document"),
        ("ratio: 2", "ratio: \0", "2:8 the character U+0000 is not allowed"),
    ],
)
def test_a_wrong_file_is_named_by_line_column_path_and_expectation(
    old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    lines = problems(GOOD.replace(old, new))
    assert any(expected in line for line in lines), lines
    assert all(line.startswith("plan.yaml:") for line in lines)


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    text = "nam: x\nratio: much\nwaves:\n  - {code: 1}\n"
    assert [line.split(" ")[0] for line in problems(text)] == [
        "plan.yaml:1:1",  # 'name' is missing
        "plan.yaml:1:1",  # 'nam' is unknown
        "plan.yaml:2:8",
        "plan.yaml:4:12",
    ]


def test_a_list_with_wrong_entries_is_not_also_called_too_short() -> None:
    assert not any("at least" in line for line in problems("name: x\nwaves: [{code: 1}]\n"))
    assert any("at least 1 item" in line for line in problems("name: x\nwaves: []\n"))


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n"])
def test_an_empty_file_says_so(text: str) -> None:
    assert problems(text) == ["plan.yaml:1:1 the file is empty"]


def test_a_byte_that_is_not_utf_8_is_named_with_its_place() -> None:
    assert problems("name: x\nratio: é\n".encode("latin-1")) == [
        "plan.yaml:2:8 byte 0xe9 is not UTF-8; save the file as UTF-8"
    ]


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    assert "are too many" in problems("x" * (MAX_BYTES + 1))[0]


def test_aliases_work_but_cannot_explode() -> None:
    assert yamlfile.parse("a: &x [1, 2]\nb: *x\n", "f").data == {"a": [1, 2], "b": [1, 2]}
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 9):
        bomb += f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n"
    assert "do aliases repeat?" in problems(bomb)[0]


@pytest.mark.parametrize("text", ["&a [*a]", "[" * 5000, "- " * 5000, "a: " * 5000])
def test_bottomless_nesting_is_refused(text: str) -> None:
    assert len(problems(text)) == 1


def test_later_findings_can_name_a_place_too() -> None:
    parsed = yamlfile.parse(GOOD, "plan.yaml")
    assert parsed.problem(("waves", 0, "window", "hours"), "m") == yamlfile.Problem(
        6, 43, "waves[0].window.hours", "m"
    )
    assert parsed.problem(("waves", 1, "nowhere"), "m").path == "waves[1]"


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t: #-'\""),
    max_size=200,
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(["no", "yes", "~", "09:00", "2027-10-04", "1e3", "0o7", "<<", "=", "", " x "])
)
DOCUMENTS = st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=8),
    st.recursive(LEAVES, lambda x: st.lists(x, max_size=4) | st.dictionaries(TEXTS, x, max_size=4)),
    max_size=5,
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_what_is_dumped_reads_back_the_same(document: dict[str, Any]) -> None:
    assert yamlfile.parse(yamlfile.dump(document), "f").data == document


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.text("[]{}:,-?&*!|>'\"%@#\n\t ab1", max_size=40) | st.binary())
def test_any_text_is_either_read_or_refused(raw: str | bytes) -> None:
    found: list[yamlfile.Problem] = []
    data = None
    try:
        data = yamlfile.parse(raw, "f").data
    except yamlfile.DocumentError as error:
        found = error.problems
        assert found
    assert all(p.line >= 1 and p.column >= 1 and p.message for p in found)
    json.dumps(data, allow_nan=False).encode()


def test_long_texts_are_written_as_blocks_and_short_collections_on_one_line() -> None:
    long = "word " * 40 + "end"
    text = yamlfile.dump({"t": {"en": "A", "de": "B"}, "body": "one\ntwo\n", "long": long})
    assert "t: {en: A, de: B}\n" in text
    assert "body: |\n  one\n  two\n" in text
    assert "long: >-\n  word" in text
    assert max(map(len, text.splitlines())) <= 92
