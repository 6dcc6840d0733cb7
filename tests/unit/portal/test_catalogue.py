"""Each translation of the participants' pages is whole, and compiled as it is written."""

from __future__ import annotations

import re
from gettext import c2py

import pytest
from babel.messages.catalog import Catalog

from surveys.portal import catalogue
from surveys.portal.catalogue import Translation

PLACES = re.compile(r"%\((\w+)\)s")


@pytest.fixture(params=catalogue.languages())
def words(request: pytest.FixtureRequest) -> Translation:
    return Translation(request.param)


def sentences(catalog: Catalog) -> set[str]:
    return {str(message.id) for message in catalog if message.id}


def test_german_and_arabic_have_a_catalogue_and_english_needs_none() -> None:
    assert catalogue.languages() == ["de", "ar"]


def test_every_sentence_of_the_source_is_in_the_catalogue_and_no_other(words: Translation) -> None:
    assert sentences(words.found()) == sentences(words.translated()), "run `manage.py catalogue`"


def test_every_sentence_is_translated(words: Translation) -> None:
    assert catalogue.untranslated(words.translated()) == []


def test_a_sentence_without_a_translation_would_be_noticed(words: Translation) -> None:
    assert "Continue" in catalogue.untranslated(words.found())


def test_the_compiled_file_is_current(words: Translation) -> None:
    compiled = words.mo.read_bytes()
    assert compiled == catalogue.mo_bytes(words.translated()), "run `manage.py catalogue`"


def test_the_written_file_is_stable(words: Translation) -> None:
    assert catalogue.po_bytes(words.updated()) == words.po.read_bytes()


def test_a_language_that_is_new_begins_with_all_sentences_and_no_translation() -> None:
    french = Translation("fr").updated()
    assert sentences(french) == sentences(Translation("de").found())
    assert len(catalogue.untranslated(french)) == len(sentences(french))


def test_translations_fill_in_the_same_values(words: Translation) -> None:
    for message in words.translated():
        if message.id:
            assert values(message.string) == values(message.id), message.id


def values(text: str | tuple[str, ...] | list[str] | None) -> set[str]:
    parts = [text] if isinstance(text, str) else text or []
    return {place for part in parts for place in PLACES.findall(part)}


def test_each_plural_form_is_there_and_one_is_told_from_five(words: Translation) -> None:
    catalog = words.translated()
    form = c2py(catalog.plural_expr)
    plurals = [message for message in catalog if message.id and message.pluralizable]
    assert plurals
    for message in plurals:
        forms = list(message.string or ())
        assert len(forms) == catalog.num_plurals
        assert forms[form(1)] != forms[form(5)]


def test_a_number_is_named_in_every_form_that_stands_for_several_numbers(
    words: Translation,
) -> None:
    catalog = words.translated()
    form = c2py(catalog.plural_expr)
    several = {form(n) for n in (5, 15, 100)}
    for message in catalog:
        if message.id and message.pluralizable:
            forms = list(message.string or ())
            assert all("%(n)s" in forms[one] for one in several), message.id
