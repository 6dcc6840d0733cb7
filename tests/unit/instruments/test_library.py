"""The shipped instruments: their examples hold, and their wording keeps the writing rules."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from surveys.instruments.definition import Instrument, Item
from surveys.instruments.examples import disagreements, gaps
from surveys.instruments.library import entries, shipped

INSTRUMENTS = {one.instrument: one for one in shipped()}
MEASURES = [one for one in shipped() if one.scales]
STATEMENTS = [(one.instrument, item) for one in MEASURES for item in one.items]


def named(pair: object) -> str | None:
    return pair.instrument if isinstance(pair, Instrument) else getattr(pair, "code", None)


def words(text: str) -> list[str]:
    return re.findall(r"[\w'-]+", text)


def test_five_instruments_ship_and_each_file_bears_its_code() -> None:
    assert sorted(INSTRUMENTS) == [
        "attachment-orientation",
        "demographics",
        "mood-worry",
        "self-response",
        "state-check",
    ]
    assert [entry.name for entry in entries()] == [f"{one.instrument}.yaml" for one in shipped()]


@pytest.mark.parametrize("one", MEASURES, ids=named)
def test_worked_examples_hold_and_try_every_scale_with_and_without_a_score(
    one: Instrument,
) -> None:
    assert len(one.examples) >= 2
    assert disagreements(one) == []
    assert gaps(one) == []


@pytest.mark.parametrize("one", shipped(), ids=named)
def test_nothing_claims_to_be_validated_and_everything_is_free_to_use(one: Instrument) -> None:
    assert one.validation_status == "none"
    assert one.licence.name == "CC-BY-4.0"
    assert "Study platform contributors" in one.citation
    assert one.notes is not None
    assert one.instructions is not None


@pytest.mark.parametrize("one", shipped(), ids=named)
def test_english_and_german_are_complete_and_differ(one: Instrument) -> None:
    assert one.languages == ("en", "de")  # that no text lacks one is the definition's promise
    labels = [option.label for options in one.response_sets.values() for option in options]
    texts = [item.text for item in one.items]
    for text in [one.instructions, *texts, *labels]:
        assert text is not None
        assert text["en"] != text["de"]


def test_no_text_is_shared_between_two_items() -> None:
    for language in ("en", "de"):
        texts = Counter(item.text[language] for one in shipped() for item in one.items)
        assert [text for text, n in texts.items() if n > 1] == []


def test_item_codes_are_unique_across_instruments_so_that_wide_tables_can_hold_them() -> None:
    codes = Counter(item.code for one in shipped() for item in one.items)
    assert max(codes.values()) == 1


@pytest.mark.parametrize("one", shipped(), ids=named)
def test_option_codes_are_contiguous_and_rise(one: Instrument) -> None:
    for options in one.response_sets.values():
        codes = [option.code for option in options if not option.missing]
        assert codes == list(range(codes[0], codes[0] + len(codes)))


@pytest.mark.parametrize(("instrument", "item"), STATEMENTS, ids=named)
def test_statements_are_short_plain_and_in_the_first_person(instrument: str, item: Item) -> None:
    english, german = item.text["en"], item.text["de"]
    assert 8 <= len(words(english)) <= 14, instrument
    assert 8 <= len(words(german)) <= 15
    assert reading_grade(english) <= 6
    assert re.search(r"\b(I|me|my)\b", english)
    assert re.search(r"\b(ich|mir|mich)\b", german, re.IGNORECASE)


@pytest.mark.parametrize(("instrument", "item"), STATEMENTS, ids=named)
def test_statements_are_neither_negated_nor_gendered(instrument: str, item: Item) -> None:
    assert not re.search(r"\b(not|never|n't|partner|he|she|his|her)\b", item.text["en"]), instrument
    assert not re.search(r"\b(nicht|nie|Partner(in)?|jeder|jedem|jeden)\b", item.text["de"])


def test_attachment_has_two_interleaved_dimensions_and_balanced_avoidance() -> None:
    one = INSTRUMENTS["attachment-orientation"]
    anxiety, avoidance = one.scales
    assert [key.item for key in anxiety.keys] == [f"aom_{n:02}" for n in range(1, 12, 2)]
    assert [key.item for key in avoidance.keys] == [f"aom_{n:02}" for n in range(2, 13, 2)]
    assert [key.item for key in anxiety.keys if key.sign == -1] == ["aom_07", "aom_11"]
    assert [key.item for key in avoidance.keys if key.sign == -1] == ["aom_04", "aom_08", "aom_12"]
    assert {scale.rule.min_answered for scale in one.scales} == {5}


def test_self_response_reverses_negative_items_in_the_total_only() -> None:
    one = INSTRUMENTS["self-response"]
    negative = {f"srm_{n:02}" for n in range(2, 13, 2)}
    total, positive, minus, *facets = one.scales
    assert {key.item for key in total.keys if key.sign == -1} == negative
    assert {key.item for key in minus.keys} == negative
    assert {key.item for key in positive.keys}.isdisjoint(negative)
    assert all(key.sign == 1 for scale in one.scales[1:] for key in scale.keys)
    assert [scale.rule.min_answered for scale in (total, positive, minus)] == [10, 5, 5]
    assert [(len(f.keys), f.rule.min_answered, f.reported) for f in facets] == [(2, 2, False)] * 6


def test_mood_and_worry_prorates_one_missing_answer_and_asks_nothing_about_self_harm() -> None:
    one = INSTRUMENTS["mood-worry"]
    total = one.scale_by_code["total"]
    assert (total.rule.method, total.rule.min_answered, total.rule.prorate) == ("sum", 7, True)
    assert [len(scale.keys) for scale in one.scales] == [8, 4, 4]
    everything = " ".join(item.text["en"] for item in one.items).lower()
    assert not re.search(r"harm|hurt|die|death|dead|suicid|kill", everything)


def test_demographics_can_be_refused_but_never_scored() -> None:
    one = INSTRUMENTS["demographics"]
    assert one.scales == ()
    for options in one.response_sets.values():
        assert [option.code for option in options if option.missing] == [99]


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade; syllables are vowel groups, a silent final e aside."""
    n_words = len(words(text))
    n_syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?<!l)e$", "", word))))
        for word in words(text.lower())
    )
    return 0.39 * n_words + 11.8 * n_syllables / n_words - 15.59


def test_the_reading_grade_tells_plain_from_learned_words() -> None:
    assert reading_grade("The cat sat on the mat and then it went home.") < 2
    assert (
        reading_grade("Notwithstanding considerable interpersonal difficulties I deliberate.") > 12
    )
