"""A sheet of wording is taken whole, for the right order, or refused with its lines."""

from __future__ import annotations

import pytest

from surveys.instruments.definition import Instrument, Licence
from surveys.instruments.key_versions import key_version
from surveys.instruments.library import published, shipped
from surveys.instruments.wording import LARGEST_SHEET, SheetError, read, worded
from tests.sheets import sheet

PHQ8 = published()["phq8@1"]
TERMS = Licence(name="As stated", statement="We have a contract.")


def made(content: bytes, one: Instrument = PHQ8, order: str = "printed") -> Instrument:
    return worded(one, read(content, "sheet.csv"), order=order, licence=TERMS)


def complaints(content: bytes, one: Instrument = PHQ8, order: str = "printed") -> list[str]:
    with pytest.raises(SheetError) as caught:
        made(content, one, order)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_whole_sheet_makes_an_instrument_that_can_be_asked(delimiter: str) -> None:
    one = made(sheet(PHQ8, ["en", "de"], delimiter=delimiter))
    assert (one.wording, one.languages) == ("complete", ("en", "de"))
    assert one.items[2].text == {"en": "en text of phq8_3", "de": "de text of phq8_3"}
    assert one.licence == TERMS
    labels = [option.label["de"] for option in one.response_sets["codes"]]
    assert labels == ["de text of codes=0", "1", "2", "de text of codes=3"]


def test_wording_changes_neither_key_nor_rule_nor_examples() -> None:
    for one in published().values():
        assert one.origin is not None
        asked = made(sheet(one), one, one.origin.order)
        assert (asked.scales, asked.examples) == (one.scales, one.examples)
        for scale in one.scales:
            assert key_version(asked, scale.code) == key_version(one, scale.code)


def test_a_second_language_joins_the_first() -> None:
    both = made(sheet(PHQ8, ["de"]), made(sheet(PHQ8, ["en"])))
    assert both.languages == ("en", "de")
    assert both.items[0].text == {"en": "en text of phq8_1", "de": "de text of phq8_1"}


def test_title_and_instructions_may_stand_in_the_sheet() -> None:
    one = made(sheet(PHQ8, extra=["title,A title", "instructions,Think of now."]))
    assert (one.title["en"], one.instructions) == ("A title", {"en": "Think of now."})
    (said,) = complaints(sheet(PHQ8, ["de"]), one)
    assert "lacks the instructions in 'de'" in said


def test_another_order_is_refused_and_says_which_one_this_is() -> None:
    blocks = published()["ecr-r-blocks@1"]
    (said,) = complaints(sheet(blocks), blocks, "interleaved-avoidance-first")
    assert said.startswith("sheet.csv:1 the order is 'interleaved-avoidance-first', and 'ecr-r-bl")
    assert "'printed-blocks': the printed numbering" in said


def test_missing_items_and_anchors_are_counted_and_named() -> None:
    said = complaints(sheet(PHQ8, without=["phq8_2", "phq8_7", "codes=3"]))
    assert said == [
        "sheet.csv:1 has 6 of 8 items; lacks phq8_2, phq8_7",
        "sheet.csv:1 lacks the anchor codes=3; the ends of a scale must be named",
    ]


def test_each_wrong_line_is_named() -> None:
    extra = ["phq8_3,again", "phq8_4", "zzz,a,b", "codes=1,\x07", f"codes=2,{'x' * 4001}"]
    assert complaints(sheet(PHQ8, extra=extra)) == [
        "sheet.csv:12 'phq8_3' stands on line 4 already",
        "sheet.csv:13 'phq8_4' has no text in 'en'",
        "sheet.csv:13 'phq8_4' stands on line 5 already",
        "sheet.csv:14 3 columns where the first line has 2",
        "sheet.csv:15 'codes=1' has a control character in 'en'",
        "sheet.csv:16 'codes=2' has too long a text in 'en'",
    ]
    assert complaints(sheet(PHQ8, extra=["phq8_9,one more"])) == [
        "sheet.csv:12 'phq8_9' is no item or anchor of 'phq8@1'"
    ]


def test_a_text_that_stands_for_two_items_is_a_slip() -> None:
    twice = sheet(PHQ8).replace(b"en text of phq8_8", b"EN text of phq8_1")
    assert complaints(twice) == ["sheet.csv:9 'phq8_8' has the same text in 'en' as 'phq8_1'"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the sheet is empty"),
        (b"\n\n", "the sheet is empty"),
        (b"item,en\n", "the first column must be called 'code', not 'item'"),
        (b"code\n", "there is no column with a language"),
        (b"code,english text\n", "'english text' is no language tag"),
        (b"code,en,en\n", "a language stands twice"),
        (b"code,en\nphq8_1,\xff\n", "sheet.csv:2 is not UTF-8"),
        (b'code,en\nphq8_1,"open\n', "is no CSV"),
        (b"x" * (LARGEST_SHEET + 1), "is larger than"),
    ],
)
def test_what_is_no_sheet_is_refused(content: bytes, message: str) -> None:
    assert message in "\n".join(complaints(content))


def test_an_instrument_with_wording_of_its_own_takes_none() -> None:
    own = shipped()[0]
    with pytest.raises(SheetError, match="is no published key"):
        worded(own, read(b"code,en\n", "sheet.csv"), order="", licence=TERMS)


def test_a_brace_that_is_no_template_is_refused_with_its_line() -> None:
    content = sheet(PHQ8).replace(b"en text of phq8_3", b"Is {it} so?")
    line = content.decode().splitlines().index("phq8_3,Is {it} so?") + 1
    (said,) = complaints(content)
    assert said.startswith(f"sheet.csv:{line} '{{it}}' has no words for when there is no answer")
